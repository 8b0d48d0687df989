import { readPublicBranding } from '@cloudops/api-client'
import { queryOptions } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

/** The look of the address that the page was opened at. */
export const hostBrandingQuery = () =>
  queryOptions({
    queryKey: ['branding'] as const,
    queryFn: ({ signal }) => answerOf(readPublicBranding({ signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })

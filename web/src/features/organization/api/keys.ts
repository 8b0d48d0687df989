import { readOrganizationKeys, rotateOrganizationKey } from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { organizationKeys } from './organization'

const keysKey = () => [...organizationKeys.all, 'keys'] as const
const ROTATING_POLL_MS = 3_000

export const keysQuery = () =>
  queryOptions({
    queryKey: keysKey(),
    queryFn: ({ signal }) => answerOf(readOrganizationKeys({ signal })),
    refetchInterval: ({ state }) => ((state.data?.remaining ?? 0) > 0 ? ROTATING_POLL_MS : false),
  })

export function useRotateKeys() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(rotateOrganizationKey()),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keysKey() }),
  })
}

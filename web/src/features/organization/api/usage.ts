import { listQuotas, readUsage, replaceUsageSettings } from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { organizationKeys } from './organization'

const usageKey = () => [...organizationKeys.all, 'usage'] as const

export const quotasQuery = () =>
  queryOptions({
    queryKey: [...organizationKeys.all, 'quotas'] as const,
    queryFn: ({ signal }) => answerOf(listQuotas({ signal })),
  })

/** Days in UTC; `to` is not included. */
export const usageQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: [...usageKey(), from, to] as const,
    queryFn: ({ signal }) => answerOf(readUsage({ query: { from, to }, signal })),
  })

export function useSetUsage() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (enabled: boolean) => answerOf(replaceUsageSettings({ body: { enabled } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: usageKey() }),
  })
}

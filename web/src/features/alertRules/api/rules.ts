import {
  createAlertRule,
  disableAlertRule,
  enableAlertRule,
  listAlertRules,
  readAlertRule,
  removeAlertRule,
  replaceAlertRule,
} from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type { Severity } from '@/types/api'
import type { RuleBody, RuleHealth, RuleState } from '../types'

export type RuleFilter = {
  q: string
  severity: Severity[]
  state: RuleState[]
  health: RuleHealth[]
  enabled: 'on' | 'off' | null
  group: string
  file: string
}

/** Below the alerts' key: an event about alerts makes these old as well. */
export const ruleKeys = {
  all: ['alerts', 'rules'] as const,
  list: (filter: RuleFilter) => [...ruleKeys.all, 'list', filter] as const,
  counts: () => [...ruleKeys.all, 'counts'] as const,
  detail: (id: string) => [...ruleKeys.all, 'detail', id] as const,
}

const parameters = ({ q, severity, state, health, enabled, group, file }: RuleFilter) => ({
  q: q || undefined,
  severity: listOf(severity),
  state: listOf(state),
  health: listOf(health),
  enabled: enabled === null ? undefined : enabled === 'on',
  group: group || undefined,
  file_id: file || undefined,
})

export const rulesQuery = (filter: RuleFilter) =>
  infiniteQueryOptions({
    queryKey: ruleKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listAlertRules({
          query: { ...parameters(filter), limit: PAGE_ROWS, cursor: pageParam ?? undefined },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 15_000,
  })

/** How many rules stand how, whatever the filter. */
export const ruleCountsQuery = () =>
  queryOptions({
    queryKey: ruleKeys.counts(),
    queryFn: async ({ signal }) => {
      const count = async (query: { state?: string; health?: string; enabled?: boolean }) =>
        (await answerOf(listAlertRules({ query: { ...query, limit: 1 }, signal }))).total ?? 0
      const [total, firing, pending, failing, off] = await Promise.all([
        count({}),
        count({ state: 'firing' }),
        count({ state: 'pending' }),
        count({ health: 'err' }),
        count({ enabled: false }),
      ])
      return { total, firing, pending, failing, off }
    },
    staleTime: 15_000,
  })

export const ruleQuery = (id: string) =>
  queryOptions({
    queryKey: ruleKeys.detail(id),
    queryFn: ({ signal }) => answerOf(readAlertRule({ path: { rule_id: id }, signal })),
    staleTime: 15_000,
    refetchInterval: 60_000, // rules are evaluated each minute
  })

function useRenewing<Variables, Data>(mutationFn: (variables: Variables) => Promise<Data>) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn,
    onSettled: () => queryClient.invalidateQueries({ queryKey: ruleKeys.all }),
  })
}

export const useCreateRule = () =>
  useRenewing((body: RuleBody & { enabled: boolean }) => answerOf(createAlertRule({ body })))

export const useReplaceRule = () =>
  useRenewing(({ id, body }: { id: string; body: RuleBody & { enabled: boolean; version: number } }) =>
    answerOf(replaceAlertRule({ path: { rule_id: id }, body })),
  )

export const useRemoveRule = () => useRenewing((id: string) => answerOf(removeAlertRule({ path: { rule_id: id } })))

export const useSwitchRule = () =>
  useRenewing(({ id, enabled }: { id: string; enabled: boolean }) =>
    answerOf((enabled ? enableAlertRule : disableAlertRule)({ path: { rule_id: id } })),
  )

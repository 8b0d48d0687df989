import { acknowledgeAlert, listAlerts, readAlert, readAlertSummary, resolveAlert } from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type { AlertStatus, Severity } from '@/types/api'

export type AlertFilter = { status: AlertStatus[]; severity: Severity[]; q: string; resource_id?: string }

const filterQuery = ({ status = [], severity = [], q, resource_id }: Partial<AlertFilter>) => ({
  status: listOf(status),
  severity: listOf(severity),
  q: q || undefined,
  resource_id,
})

export const alertKeys = {
  all: ['alerts'] as const,
  list: (filter: AlertFilter) => [...alertKeys.all, 'list', filter] as const,
  detail: (id: string) => [...alertKeys.all, 'detail', id] as const,
  newest: (filter: Partial<AlertFilter>, limit: number) => [...alertKeys.all, 'newest', filter, limit] as const,
  summary: () => [...alertKeys.all, 'summary'] as const,
}

export const alertsQuery = (filter: AlertFilter) =>
  infiniteQueryOptions({
    queryKey: alertKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listAlerts({ query: { ...filterQuery(filter), limit: PAGE_ROWS, cursor: pageParam ?? undefined }, signal }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 15_000, // changes also arrive by event stream
  })

export const newestAlertsQuery = (filter: Partial<AlertFilter>, limit: number) =>
  queryOptions({
    queryKey: alertKeys.newest(filter, limit),
    queryFn: ({ signal }) => answerOf(listAlerts({ query: { ...filterQuery(filter), limit }, signal })),
    staleTime: 15_000,
  })

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: alertKeys.detail(id),
    queryFn: ({ signal }) => answerOf(readAlert({ path: { alert_id: id }, signal })),
  })

export const alertSummaryQuery = () =>
  queryOptions({
    queryKey: alertKeys.summary(),
    queryFn: ({ signal }) => answerOf(readAlertSummary({ signal })),
    staleTime: 15_000,
  })

type Act = { ids: string[]; note?: string }

function useAlertAction(act: typeof acknowledgeAlert | typeof resolveAlert) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ ids, note = '' }: Act) =>
      Promise.all(ids.map((id) => answerOf(act({ path: { alert_id: id }, body: { note } })))),
    onSettled: () => queryClient.invalidateQueries({ queryKey: alertKeys.all }),
  })
}

/** Stops notifying about alerts until they fire again. */
export const useAcknowledgeAlerts = () => useAlertAction(acknowledgeAlert)
/** Ends alerts by hand. */
export const useResolveAlerts = () => useAlertAction(resolveAlert)

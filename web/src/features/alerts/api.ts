import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { http } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type { Alert, AlertDetail, AlertStatus, AlertSummary, Page, Severity } from '@/types/api'

export type AlertFilter = { status: AlertStatus[]; severity: Severity[]; q: string; resource_id?: string }

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
      http.get<Page<Alert>>('/alerts', { query: { ...filter, limit: PAGE_ROWS, cursor: pageParam }, signal }),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 15_000, // changes also arrive by event stream
  })

export const newestAlertsQuery = (filter: Partial<AlertFilter>, limit: number) =>
  queryOptions({
    queryKey: alertKeys.newest(filter, limit),
    queryFn: ({ signal }) => http.get<Page<Alert>>('/alerts', { query: { ...filter, limit }, signal }),
    staleTime: 15_000,
  })

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: alertKeys.detail(id),
    queryFn: ({ signal }) => http.get<AlertDetail>(`/alerts/${id}`, { signal }),
  })

export const alertSummaryQuery = () =>
  queryOptions({
    queryKey: alertKeys.summary(),
    queryFn: ({ signal }) => http.get<AlertSummary>('/alerts/summary', { signal }),
    staleTime: 15_000,
  })

type Act = { ids: string[]; note?: string }

function useAlertAction(action: 'acknowledge' | 'resolve') {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ ids, note = '' }: Act) =>
      Promise.all(ids.map((id) => http.post<Alert>(`/alerts/${id}/${action}`, { note }))),
    onSettled: () => queryClient.invalidateQueries({ queryKey: alertKeys.all }),
  })
}

/** Stops notifying about alerts until they fire again. */
export const useAcknowledgeAlerts = () => useAlertAction('acknowledge')
/** Ends alerts by hand. */
export const useResolveAlerts = () => useAlertAction('resolve')

import { type AnomalyFeedback, judgeMetricAnomaly, listMetricAnomalies, readMetricAnomaly } from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import type { AnomalyKind, AnomalyState } from './rules'

export type AnomalyFilter = {
  kind: AnomalyKind[]
  state: AnomalyState | null
  name: string
  judged: boolean | null
  burst: string | null
  from: string
  to: string
}

/** Below the alerts' key: events about anomalies come under that topic. */
const anomalyKeys = {
  all: ['alerts', 'anomalies'] as const,
  list: (filter: AnomalyFilter) => [...anomalyKeys.all, 'list', filter] as const,
  detail: (id: string) => [...anomalyKeys.all, 'detail', id] as const,
  resource: (id: string) => [...anomalyKeys.all, 'resource', id] as const,
}

const ROWS_A_PAGE = 100
const SHOWN_OF_RESOURCE = 6

export const anomaliesQuery = (filter: AnomalyFilter) =>
  infiniteQueryOptions({
    queryKey: anomalyKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listMetricAnomalies({
          query: {
            kind: listOf(filter.kind),
            state: filter.state ?? undefined,
            name: filter.name || undefined,
            judged: filter.judged ?? undefined,
            group_id: filter.burst ?? undefined,
            from: `${filter.from}T00:00:00Z`,
            to: `${filter.to}T00:00:00Z`,
            limit: ROWS_A_PAGE,
            cursor: pageParam ?? undefined,
          },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

export const anomalyQuery = (id: string) =>
  queryOptions({
    queryKey: anomalyKeys.detail(id),
    queryFn: ({ signal }) => answerOf(readMetricAnomaly({ path: { anomaly_id: id }, signal })),
  })

export const resourceAnomaliesQuery = (id: string) =>
  queryOptions({
    queryKey: anomalyKeys.resource(id),
    queryFn: ({ signal }) =>
      answerOf(listMetricAnomalies({ query: { resource_id: id, limit: SHOWN_OF_RESOURCE }, signal })),
    staleTime: 30_000,
  })

/** Says what an anomaly was, or takes that back. */
export function useJudge() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: AnomalyFeedback }) =>
      answerOf(judgeMetricAnomaly({ path: { anomaly_id: id }, body })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: anomalyKeys.all }),
  })
}

import {
  createMetricSource,
  listMetricSeries,
  listMetricSourceSamples,
  listMetricSources,
  removeMetricSource,
  type SourceCreate,
  type SourceUpdate,
  testMetricSource,
  updateMetricSource,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

const sourceKeys = {
  all: ['metric-sources'] as const,
  list: () => [...sourceKeys.all, 'list'] as const,
  samples: (id: string) => [...sourceKeys.all, 'samples', id] as const,
  sent: () => [...sourceKeys.all, 'sent'] as const,
}

const SOURCES_AT_MOST = 200
const REFRESH_MS = 30_000

export const sourcesQuery = () =>
  queryOptions({
    queryKey: sourceKeys.list(),
    queryFn: ({ signal }) => answerOf(listMetricSources({ query: { limit: SOURCES_AT_MOST }, signal })),
    refetchInterval: REFRESH_MS,
  })

export const sourceSamplesQuery = (id: string) =>
  queryOptions({
    queryKey: sourceKeys.samples(id),
    queryFn: ({ signal }) =>
      answerOf(listMetricSourceSamples({ path: { source_id: id }, query: { limit: 20 }, signal })),
  })

/** The series with their newest samples; whatever sends them. */
export const sentSeriesQuery = () =>
  queryOptions({
    queryKey: sourceKeys.sent(),
    queryFn: ({ signal }) => answerOf(listMetricSeries({ query: { limit: 200 }, signal })),
    refetchInterval: REFRESH_MS,
  })

function useRenewSources() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: sourceKeys.all })
}

export type SourceBody = { id: null; body: SourceCreate } | { id: string; body: SourceUpdate }

export function useSaveSource() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (saved: SourceBody) =>
      saved.id === null
        ? answerOf(createMetricSource({ body: saved.body }))
        : answerOf(updateMetricSource({ path: { source_id: saved.id }, body: saved.body })),
    onSuccess: useRenewSources(),
  })
}

export function useRemoveSource() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(removeMetricSource({ path: { source_id: id } })),
    onSuccess: useRenewSources(),
  })
}

export function useTestSource() {
  return useMutation({
    mutationFn: (id: string) => answerOf(testMetricSource({ path: { source_id: id } })),
    onSuccess: useRenewSources(),
  })
}

import {
  createObjective,
  listMetricLabels,
  listMetricLabelValues,
  listMetricNames,
  listMetricSeries,
  type ObjectiveWrite,
  queryMetrics,
  readResourceHealth,
  readResourceMetrics,
  removeObjective,
  updateObjective,
} from '@cloudops/api-client'
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { type Period, resolvePeriod } from './rules/periods'
import type { MetricFunction } from './rules/questions'

const metricKeys = {
  all: ['metrics'] as const,
  names: (text: string) => [...metricKeys.all, 'names', text] as const,
  labels: (selector: string) => [...metricKeys.all, 'labels', selector] as const,
  values: (label: string, selector: string, text: string) =>
    [...metricKeys.all, 'values', label, selector, text] as const,
  points: (question: PointsQuestion) => [...metricKeys.all, 'points', question] as const,
  health: (id: string, hours?: number) => [...metricKeys.all, 'health', id, ...(hours ? [hours] : [])] as const,
  resource: (id: string, ...more: string[]) => [...metricKeys.all, 'resource', id, ...more] as const,
}

/** What is asked of the range route. The period is resolved when it is asked, so that "the last hour" moves on. */
export type PointsQuestion = {
  selector: string
  operation: MetricFunction
  period: Period
  stepSeconds: number | null
  /** The equally long time before. */
  isBefore: boolean
}

const MOST_SERIES = 100
const NAMES_SHOWN = 50
const SERIES_OF_RESOURCE = 200

export const metricNamesQuery = (text: string) =>
  queryOptions({
    queryKey: metricKeys.names(text),
    queryFn: ({ signal }) => answerOf(listMetricNames({ query: { q: text || undefined, limit: NAMES_SHOWN }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

export const metricLabelsQuery = (selector: string) =>
  queryOptions({
    queryKey: metricKeys.labels(selector),
    queryFn: ({ signal }) => answerOf(listMetricLabels({ query: { selector }, signal })),
    staleTime: 30_000,
  })

export const labelValuesQuery = (label: string, selector: string, text: string) =>
  queryOptions({
    queryKey: metricKeys.values(label, selector, text),
    queryFn: ({ signal }) =>
      answerOf(listMetricLabelValues({ query: { label, selector, q: text || undefined, limit: NAMES_SHOWN }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

export const pointsQuery = (question: PointsQuestion, refreshSeconds: number) =>
  queryOptions({
    queryKey: metricKeys.points(question),
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = resolvePeriod(question.period, Date.now(), question.isBefore)
      return answerOf(
        queryMetrics({
          query: {
            selector: question.selector,
            function: question.operation,
            from: new Date(fromMs).toISOString(),
            to: new Date(toMs).toISOString(),
            step: question.stepSeconds ?? undefined,
            limit: MOST_SERIES,
          },
          signal,
        }),
      )
    },
    placeholderData: keepPreviousData,
    refetchInterval: refreshSeconds > 0 ? refreshSeconds * 1_000 : false,
  })

export const healthQuery = (resourceId: string, hours: number) =>
  queryOptions({
    queryKey: metricKeys.health(resourceId, hours),
    queryFn: ({ signal }) =>
      answerOf(readResourceHealth({ path: { resource_id: resourceId }, query: { hours }, signal })),
    placeholderData: keepPreviousData,
  })

/** The names of a resource's metrics, and when the last sample came. The store's newest values follow some time later. */
export const resourceMetricsQuery = (resourceId: string) =>
  queryOptions({
    queryKey: metricKeys.resource(resourceId),
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(
        listMetricSeries({ query: { resource_id: resourceId, limit: SERIES_OF_RESOURCE }, signal }),
      )
      const names = [...new Set(items.map(({ name }) => name))].sort()
      return {
        names,
        lastAt:
          items
            .flatMap(({ last_at }) => last_at ?? [])
            .sort()
            .at(-1) ?? null,
      }
    },
  })

/** One metric of a resource over the last hours. */
export const resourcePointsQuery = (resourceId: string, name: string, hours: number) =>
  queryOptions({
    queryKey: metricKeys.resource(resourceId, name, String(hours)),
    queryFn: ({ signal }) => {
      const now = Date.now()
      const from = new Date(now - hours * 3_600_000).toISOString()
      return answerOf(
        readResourceMetrics({
          path: { resource_id: resourceId },
          query: { name, from, to: new Date(now).toISOString(), function: name.endsWith('_total') ? 'rate' : 'avg' },
          signal,
        }),
      )
    },
    placeholderData: keepPreviousData,
  })

function useRenewHealth() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: [...metricKeys.all, 'health'] })
}

export function useSaveObjective() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, body }: { id: string | null; body: ObjectiveWrite }) =>
      answerOf(id ? updateObjective({ path: { objective_id: id }, body }) : createObjective({ body })),
    onSuccess: useRenewHealth(),
  })
}

export function useRemoveObjective() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(removeObjective({ path: { objective_id: id } })),
    onSuccess: useRenewHealth(),
  })
}

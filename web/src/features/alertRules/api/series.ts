import {
  listMetricLabels,
  listMetricLabelValues,
  listMetricNames,
  listMetricSources,
  queryMetrics,
} from '@cloudops/api-client'
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { completionAt } from '../completion'
import type { Reading } from '../types'

const OFFERED = 20
const HOUR_MS = 3_600_000

async function complete(text: string, signal: AbortSignal): Promise<string[]> {
  const at = completionAt(text)
  if (at === null) return []
  if (at.kind === 'name') {
    const { items } = await answerOf(listMetricNames({ query: { q: at.typed || undefined, limit: OFFERED }, signal }))
    return items.map(({ name }) => name)
  }
  if (at.kind === 'label') {
    const { items } = await answerOf(listMetricLabels({ query: { selector: at.selector }, signal }))
    const fitting = items.filter(({ name }) => name.startsWith(at.typed)).slice(0, OFFERED)
    return fitting.map(({ name }) => `${at.head}${name}="`)
  }
  const { items } = await answerOf(
    listMetricLabelValues({
      query: { label: at.label, selector: at.selector, q: at.typed || undefined, limit: OFFERED },
      signal,
    }),
  )
  return items.map(({ value }) => `${at.head}${value}"}`)
}

/** Whole selectors that go on from what is typed. */
export const completionsQuery = (text: string) =>
  queryOptions({
    queryKey: ['metrics', 'completions', text],
    queryFn: ({ signal }) => complete(text, signal),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  })

const MOST_SERIES = 40

/** The functions that the store answers over a range; what is foretold is shown as what it is foretold from. */
function storedFunction(reading: Reading) {
  const { function: read = 'last' } = reading
  return read === 'forecast' ? 'last' : read
}

/** A reading's series over the last hours, as the store has them. */
export const readingQuery = (reading: Reading, hours: number) =>
  queryOptions({
    queryKey: ['metrics', 'reading', reading.selector, reading.function, hours],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - hours * HOUR_MS).toISOString()
      return answerOf(
        queryMetrics({
          query: { selector: reading.selector, function: storedFunction(reading), from, limit: MOST_SERIES },
          signal,
        }),
      )
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    refetchInterval: 60_000,
    retry: false,
  })

/** The connected servers that answer PromQL. */
export const serversQuery = () =>
  queryOptions({
    queryKey: ['metrics', 'servers'],
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(listMetricSources({ query: { limit: 500 }, signal }))
      return items.filter(({ kind }) => kind === 'prometheus')
    },
    staleTime: 60_000,
  })

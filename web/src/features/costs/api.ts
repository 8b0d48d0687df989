import {
  client,
  type ImportStarted,
  listCostImports,
  readCostBreakdown,
  readCostImport,
  readCostSummary,
  readResourceCosts,
} from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import type { CostImport } from '@/types/api'

export type CostKind = 'effective' | 'billed' | 'list' | 'contracted'
/** Days are UTC; `to` is exclusive. `filters` are the API's `filter.<dimension>` parameters. */
export type CostQuestion = {
  from: string
  to: string
  granularity: 'day' | 'month' | 'none'
  groupBy: string
  cost: CostKind
  filters: Record<string, string>
}

export const costKeys = {
  all: ['costs'] as const,
  summary: () => [...costKeys.all, 'summary'] as const,
  breakdown: (question: CostQuestion) => [...costKeys.all, 'breakdown', question] as const,
  resource: (id: string) => [...costKeys.all, 'resource', id] as const,
  imports: () => [...costKeys.all, 'imports'] as const,
  import: (id: string) => [...costKeys.all, 'import', id] as const,
}

export const costSummaryQuery = () =>
  queryOptions({
    queryKey: costKeys.summary(),
    queryFn: ({ signal }) => answerOf(readCostSummary({ signal })),
    staleTime: 5 * 60_000, // bills arrive a few times a day, and imports tell us
  })

export const breakdownQuery = (question: CostQuestion) =>
  queryOptions({
    queryKey: costKeys.breakdown(question),
    queryFn: ({ signal }) => {
      const { groupBy, filters, ...rest } = question
      const named = Object.fromEntries(Object.entries(filters).map(([name, value]) => [`filter.${name}`, value]))
      return answerOf(readCostBreakdown({ query: { ...rest, group_by: groupBy, ...named }, signal }))
    },
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  })

export const resourceCostQuery = (id: string) =>
  queryOptions({
    queryKey: costKeys.resource(id),
    queryFn: ({ signal }) => answerOf(readResourceCosts({ path: { resource_id: id }, signal })),
    staleTime: 5 * 60_000,
  })

export const costImportsQuery = () =>
  infiniteQueryOptions({
    queryKey: costKeys.imports(),
    queryFn: ({ pageParam, signal }) =>
      answerOf(listCostImports({ query: { limit: 20, cursor: pageParam ?? undefined }, signal })),
    ...keysetPages,
  })

const RUNNING_POLL_MS = 1_500

export const isRunning = (state: CostImport['state']): boolean => state === 'queued' || state === 'running'

export const costImportQuery = (id: string) =>
  queryOptions({
    queryKey: costKeys.import(id),
    queryFn: ({ signal }) => answerOf(readCostImport({ path: { import_id: id }, signal })),
    refetchInterval: ({ state }) => (state.data && !isRunning(state.data.state) ? false : RUNNING_POLL_MS),
  })

export function useImportCosts() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (file: File) => {
      const form = new FormData()
      form.append('file', file)
      // The document describes the JSON form of this call only; the file goes as multipart.
      return answerOf(
        client.post<{ 202: ImportStarted }>({
          url: '/api/v1/ai-cost/imports',
          body: form,
          bodySerializer: null,
          headers: { 'Content-Type': null },
        }),
      )
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: costKeys.imports() }),
  })
}

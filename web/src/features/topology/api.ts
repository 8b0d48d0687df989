import {
  createTopologyView,
  deleteTopologyView,
  findTopologyPaths,
  getBlastRadius,
  getExposure,
  getResource,
  getTopology,
  listExposedResources,
  listOrphans,
  listResourceChanges,
  listResources,
  listTopologyViews,
  summarizeOrphans,
} from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import { openable } from './rules/graph'

export type MapQuestion = {
  root: string | null
  network: string | null
  accountId: string | null
  depth: number
  dir: 'both' | 'in' | 'out'
  types: string
  by: string
  open: string[]
  at: string | null
}

type ExposedFilter = { accountId: string | null; port: number | null; unknown: boolean }
type OrphanFilter = { accountId: string | null; reason: string | null }

// Below "inventory", so that a sync's events renew maps as well.
const root = ['inventory', 'topology'] as const
export const topologyKeys = {
  map: (question: MapQuestion) => [...root, 'map', question] as const,
  path: (from: string | null, to: string | null) => [...root, 'path', from, to] as const,
  blast: (id: string | null, depth: number) => [...root, 'blast', id, depth] as const,
  exposure: (id: string) => [...root, 'exposure', id] as const,
  changed: (accountId: string | null, at: string | null) => [...root, 'changed', accountId, at] as const,
  exposed: (filter: ExposedFilter) => [...root, 'exposed', filter] as const,
  orphans: (filter: OrphanFilter) => [...root, 'orphans', filter] as const,
  orphanSummary: () => [...root, 'orphan-summary'] as const,
  views: () => ['topology-views'] as const,
}

/** Dots take thousands; the server says what it left out beyond this. */
const MOST_NODES = 10_000

export const mapQuery = (question: MapQuestion) =>
  queryOptions({
    queryKey: topologyKeys.map(question),
    queryFn: ({ signal }) =>
      answerOf(
        getTopology({
          query: {
            root: question.root ?? undefined,
            network_id: question.network ?? undefined,
            // From one resource the way may lead into other accounts.
            account_id: question.root ? undefined : (question.accountId ?? undefined),
            depth: question.depth,
            direction: question.dir,
            type: question.types || undefined,
            group_by: question.by || undefined,
            group: openable(question.open, question.by).join(',') || undefined,
            at: question.at ?? undefined,
            limit: MOST_NODES,
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })

export const pathsQuery = (from: string | null, to: string | null) =>
  queryOptions({
    queryKey: topologyKeys.path(from, to),
    queryFn: ({ signal }) =>
      answerOf(findTopologyPaths({ query: { from: from ?? '', to: to ?? '', max_length: 8 }, signal })),
    staleTime: 60_000,
  })

export const blastQuery = (id: string | null, depth: number) =>
  queryOptions({
    queryKey: topologyKeys.blast(id, depth),
    queryFn: ({ signal }) => answerOf(getBlastRadius({ path: { resource_id: id ?? '' }, query: { depth }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })

export const exposureQuery = (id: string) =>
  queryOptions({
    queryKey: topologyKeys.exposure(id),
    queryFn: ({ signal }) => answerOf(getExposure({ path: { resource_id: id }, signal })),
  })

export const exposedQuery = (filter: ExposedFilter) =>
  infiniteQueryOptions({
    queryKey: topologyKeys.exposed(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listExposedResources({
          query: {
            account_id: filter.accountId ?? undefined,
            port: filter.port ?? undefined,
            unknown: filter.unknown,
            limit: PAGE_ROWS,
            cursor: pageParam ?? undefined,
          },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
  })

export const orphansQuery = (filter: OrphanFilter) =>
  infiniteQueryOptions({
    queryKey: topologyKeys.orphans(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listOrphans({
          query: {
            account_id: filter.accountId ?? undefined,
            reason: filter.reason ?? undefined,
            limit: PAGE_ROWS,
            cursor: pageParam ?? undefined,
          },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
  })

export const orphanSummaryQuery = () =>
  queryOptions({
    queryKey: topologyKeys.orphanSummary(),
    queryFn: ({ signal }) => answerOf(summarizeOrphans({ signal })),
  })

const MOST_CHANGES = 200

/** When resources changed last, from the newest changes until then; null is now. */
export const changedQuery = (accountId: string | null, at: string | null) =>
  queryOptions({
    queryKey: topologyKeys.changed(accountId, at),
    queryFn: async ({ signal }) => {
      const { items } = await answerOf(
        listResourceChanges({
          query: { limit: MOST_CHANGES, account_id: accountId ?? undefined, to: at ?? undefined },
          signal,
        }),
      )
      const times: [string, string][] = items.map(({ resource_id, at }) => [resource_id, at])
      // Newest first, and the first one is to win.
      return new Map(times.reverse())
    },
  })

/** A handful of resources to start from or go to. */
export const startQuery = (text: string, type?: string) =>
  queryOptions({
    queryKey: [...root, 'start', text, type] as const,
    queryFn: ({ signal }) => answerOf(listResources({ query: { q: text || undefined, type, limit: 8 }, signal })),
    placeholderData: keepPreviousData,
  })

/** One resource's name, for a field that holds its id. */
export const nameQuery = (id: string) =>
  queryOptions({
    queryKey: [...root, 'name', id] as const,
    queryFn: ({ signal }) => answerOf(getResource({ path: { resource_id: id }, signal })),
    staleTime: 300_000,
  })

export const viewsQuery = () =>
  queryOptions({
    queryKey: topologyKeys.views(),
    queryFn: ({ signal }) => answerOf(listTopologyViews({ query: { limit: 100 }, signal })),
  })

export function useSaveView() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: { name: string; shared: boolean; query: Record<string, string> }) =>
      answerOf(createTopologyView({ body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: topologyKeys.views() }),
  })
}

export function useRemoveView() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(deleteTopologyView({ path: { view_id: id } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: topologyKeys.views() }),
  })
}

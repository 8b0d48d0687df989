import {
  completeSearch,
  getInventorySummary,
  getResource,
  getSyncState,
  listResourceChanges,
  listResourceFacets,
  listResourceHistory,
  listResources,
  listResourceTrends,
  listTagCoverage,
} from '@cloudops/api-client'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'

/** The API's own filters; several values of one are comma-separated there. `search` is the search language. */
export type ResourceFilter = {
  provider: string[]
  account_id: string[]
  type: string[]
  region: string[]
  status: string[]
  search: string
  stale: boolean
  /** As of then; null is now. */
  at: string | null
}
export const filterQuery = ({ provider, account_id, type, region, status, search, stale, at }: ResourceFilter) => ({
  provider: listOf(provider),
  account_id: listOf(account_id),
  type: listOf(type),
  region: listOf(region),
  status: listOf(status),
  search: search || undefined,
  stale: stale || undefined,
  at: at ?? undefined,
})

export type ResourceSort = 'name' | '-name' | 'type' | 'region' | '-first_seen' | '-cost'

export type ChangeFilter = {
  kind: 'created' | 'updated' | 'deleted' | null
  actor: string
  search: string
  provider: string[]
  type: string[]
  accountId: string | null
  /** Days; the second is excluded. */
  from: string
  to: string
}

export const inventoryKeys = {
  all: ['inventory'] as const,
  list: (filter: ResourceFilter, sort: ResourceSort) => [...inventoryKeys.all, 'list', filter, sort] as const,
  facets: (filter: ResourceFilter) => [...inventoryKeys.all, 'facets', filter] as const,
  detail: (id: string, at: string | null) => [...inventoryKeys.all, 'detail', id, at] as const,
  history: (id: string) => [...inventoryKeys.all, 'history', id] as const,
  changes: (accountId: string | null) => [...inventoryKeys.all, 'changes', accountId] as const,
  feed: (filter: ChangeFilter) => [...inventoryKeys.all, 'feed', filter] as const,
  trends: (by: string, from: string, to: string) => [...inventoryKeys.all, 'trends', by, from, to] as const,
  tags: () => [...inventoryKeys.all, 'tags'] as const,
  summary: () => [...inventoryKeys.all, 'summary'] as const,
  syncState: () => [...inventoryKeys.all, 'sync-state'] as const,
}

export const resourcesQuery = (filter: ResourceFilter, sort: ResourceSort) =>
  infiniteQueryOptions({
    queryKey: inventoryKeys.list(filter, sort),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listResources({
          query: { ...filterQuery(filter), sort, limit: PAGE_ROWS, cursor: pageParam ?? undefined },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    // A long list would be asked for page by page; live events and the refresh button renew it.
    refetchOnWindowFocus: false,
  })

export const facetsQuery = (filter: ResourceFilter) =>
  queryOptions({
    queryKey: inventoryKeys.facets(filter),
    queryFn: ({ signal }) => answerOf(listResourceFacets({ query: filterQuery(filter), signal })),
    placeholderData: keepPreviousData,
  })

export const resourceQuery = (id: string, at: string | null = null) =>
  queryOptions({
    queryKey: inventoryKeys.detail(id, at),
    queryFn: ({ signal }) =>
      answerOf(getResource({ path: { resource_id: id }, query: { at: at ?? undefined }, signal })),
  })

export const resourceHistoryQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: inventoryKeys.history(id),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listResourceHistory({
          path: { resource_id: id },
          query: { limit: 50, cursor: pageParam ?? undefined },
          signal,
        }),
      ),
    ...keysetPages,
  })

const RECENT = 8

export const recentChangesQuery = (accountId: string | null) =>
  queryOptions({
    queryKey: inventoryKeys.changes(accountId),
    queryFn: ({ signal }) =>
      answerOf(listResourceChanges({ query: { limit: RECENT, account_id: accountId ?? undefined }, signal })),
  })

export const changeFeedQuery = (filter: ChangeFilter) =>
  infiniteQueryOptions({
    queryKey: inventoryKeys.feed(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listResourceChanges({
          query: {
            kind: filter.kind ?? undefined,
            actor: filter.actor || undefined,
            search: filter.search || undefined,
            provider: listOf(filter.provider),
            type: listOf(filter.type),
            account_id: filter.accountId ?? undefined,
            from: `${filter.from}T00:00:00Z`,
            to: `${filter.to}T00:00:00Z`,
            limit: PAGE_ROWS,
            cursor: pageParam ?? undefined,
          },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  })

/** What the word at the cursor may become. */
export const completionQuery = (text: string, cursor: number) =>
  queryOptions({
    queryKey: ['search-completion', text, cursor] as const,
    queryFn: ({ signal }) => answerOf(completeSearch({ query: { text, cursor }, signal })),
    staleTime: 60_000,
    retry: false,
  })

export type TrendDimension = 'type' | 'region' | 'account' | 'provider'

export const trendsQuery = (by: TrendDimension, from: string, to: string) =>
  queryOptions({
    queryKey: inventoryKeys.trends(by, from, to),
    queryFn: ({ signal }) => answerOf(listResourceTrends({ query: { by, from, to }, signal })),
    placeholderData: keepPreviousData,
  })

export const tagCoverageQuery = () =>
  queryOptions({
    queryKey: inventoryKeys.tags(),
    queryFn: ({ signal }) => answerOf(listTagCoverage({ signal })),
  })

export const inventorySummaryQuery = () =>
  queryOptions({
    queryKey: inventoryKeys.summary(),
    queryFn: ({ signal }) => answerOf(getInventorySummary({ signal })),
  })

export const syncStateQuery = () =>
  queryOptions({
    queryKey: inventoryKeys.syncState(),
    queryFn: ({ signal }) => answerOf(getSyncState({ signal })),
  })

/** The palette's search: a handful of resources by name, id or tag. */
export const resourceSearchQuery = (text: string) =>
  queryOptions({
    queryKey: [...inventoryKeys.all, 'search', text] as const,
    queryFn: ({ signal }) => answerOf(listResources({ query: { q: text, limit: 8 }, signal })),
    placeholderData: keepPreviousData,
  })

import {
  getInventorySummary,
  getResource,
  getSyncState,
  listResourceChanges,
  listResourceFacets,
  listResourceHistory,
  listResources,
} from '@cloudops/api-client'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'

/** The API's own filters; several values of one are comma-separated there. */
export type ResourceFilter = {
  provider: string[]
  account_id: string[]
  type: string[]
  region: string[]
  status: string[]
  tag: string
  q: string
  stale: boolean
}
const filterQuery = ({ provider, account_id, type, region, status, tag, q, stale }: ResourceFilter) => ({
  provider: listOf(provider),
  account_id: listOf(account_id),
  type: listOf(type),
  region: listOf(region),
  status: listOf(status),
  tag: tag || undefined,
  q: q || undefined,
  stale: stale || undefined,
})

export type ResourceSort = 'name' | '-name' | 'type' | 'region' | '-first_seen' | '-cost'

export const inventoryKeys = {
  all: ['inventory'] as const,
  list: (filter: ResourceFilter, sort: ResourceSort) => [...inventoryKeys.all, 'list', filter, sort] as const,
  facets: (filter: ResourceFilter) => [...inventoryKeys.all, 'facets', filter] as const,
  detail: (id: string) => [...inventoryKeys.all, 'detail', id] as const,
  history: (id: string) => [...inventoryKeys.all, 'history', id] as const,
  changes: (accountId: string | null) => [...inventoryKeys.all, 'changes', accountId] as const,
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

export const resourceQuery = (id: string) =>
  queryOptions({
    queryKey: inventoryKeys.detail(id),
    queryFn: ({ signal }) => answerOf(getResource({ path: { resource_id: id }, signal })),
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

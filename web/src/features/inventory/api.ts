import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { http } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type {
  AccountSyncState,
  Page,
  Resource,
  ResourceChange,
  ResourceDetail,
  ResourceFacets,
  UsageSummary,
} from '@/types/api'

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
      http.get<Page<Resource>>('/usage/resources', {
        query: { ...filter, sort, limit: PAGE_ROWS, cursor: pageParam },
        signal,
      }),
    ...keysetPages,
    placeholderData: keepPreviousData,
    // A long list would be asked for page by page; live events and the refresh button renew it.
    refetchOnWindowFocus: false,
  })

export const facetsQuery = (filter: ResourceFilter) =>
  queryOptions({
    queryKey: inventoryKeys.facets(filter),
    queryFn: ({ signal }) => http.get<ResourceFacets>('/usage/facets', { query: filter, signal }),
    placeholderData: keepPreviousData,
  })

export const resourceQuery = (id: string) =>
  queryOptions({
    queryKey: inventoryKeys.detail(id),
    queryFn: ({ signal }) => http.get<ResourceDetail>(`/usage/resources/${id}`, { signal }),
  })

export const resourceHistoryQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: inventoryKeys.history(id),
    queryFn: ({ pageParam, signal }) =>
      http.get<Page<ResourceChange>>(`/usage/resources/${id}/history`, {
        query: { limit: 50, cursor: pageParam },
        signal,
      }),
    ...keysetPages,
  })

const RECENT = 8

export const recentChangesQuery = (accountId: string | null) =>
  queryOptions({
    queryKey: inventoryKeys.changes(accountId),
    queryFn: ({ signal }) =>
      http.get<Page<ResourceChange>>('/usage/changes', { query: { limit: RECENT, account_id: accountId }, signal }),
  })

export const inventorySummaryQuery = () =>
  queryOptions({
    queryKey: inventoryKeys.summary(),
    queryFn: ({ signal }) => http.get<UsageSummary>('/usage/summary', { signal }),
  })

export const syncStateQuery = () =>
  queryOptions({
    queryKey: inventoryKeys.syncState(),
    queryFn: ({ signal }) =>
      http.get<{ items: AccountSyncState[]; stale_resources: number }>('/usage/sync-state', { signal }),
  })

/** The palette's search: a handful of resources by name, id or tag. */
export const resourceSearchQuery = (text: string) =>
  queryOptions({
    queryKey: [...inventoryKeys.all, 'search', text] as const,
    queryFn: ({ signal }) => http.get<Page<Resource>>('/usage/resources', { query: { q: text, limit: 8 }, signal }),
    placeholderData: keepPreviousData,
  })

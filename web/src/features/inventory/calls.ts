import { client } from '@cloudops/api-client'
import type { Page, Resource, ResourceChange, ResourceDetail, ResourceFacets } from '@/types/api'

export type Change = ResourceChange & { actor: string | null; action: string | null; event_id: string | null }
export type CompletionOption = { text: string; kind: 'field' | 'value' | 'key'; detail: string }
export type Completion = { from: number; to: number; options: CompletionOption[] }
export type SearchFieldRead = {
  name: string
  kind: 'text' | 'tag' | 'number' | 'instant' | 'flag' | 'property'
  description: string
  example: string
  operators: string[]
  values: string[]
}
export type ResourceViewRead = {
  id: string
  name: string
  shared: boolean
  own: boolean
  search: string
  columns: string[]
  sort: string
  created_at: string
  updated_at: string
}
export type ResourceExportRead = {
  id: string
  format: 'csv' | 'jsonl' | 'parquet'
  state: 'queued' | 'running' | 'ready' | 'failed' | 'cancelled' | 'expired'
  search: string
  at: string | null
  job_id: string | null
  resources: number
  size_bytes: number | null
  created_by: string
  created_at: string
  finished_at: string | null
  expires_at: string | null
}
export type Facets = ResourceFacets & { total: number; exact: boolean }
export type TrendRead = { key: string; name: string | null; points: { day: string; count: number }[] }
export type Trends = { by: string; first_day: string; last_day: string; items: TrendRead[]; others: number }
export type TagCoverages = {
  items: { key: string; resources: number; percent: number; values: number }[]
  total: number
  untagged: number
}

type Query = Record<string, unknown>
type Options<More = object> = { signal?: AbortSignal } & More
const JSON_BODY = { 'Content-Type': 'application/json' }
const BASE = '/api/v1/usage'

export const listResources = (options: Options<{ query: Query }>) =>
  client.get<{ 200: Page<Resource> }>({ url: `${BASE}/resources`, ...options })
export const getResource = (options: Options<{ path: { resource_id: string }; query?: Query }>) =>
  client.get<{ 200: ResourceDetail }>({ url: `${BASE}/resources/{resource_id}`, ...options })
export const listResourceHistory = (options: Options<{ path: { resource_id: string }; query: Query }>) =>
  client.get<{ 200: Page<Change> }>({ url: `${BASE}/resources/{resource_id}/history`, ...options })
export const listResourceChanges = (options: Options<{ query: Query }>) =>
  client.get<{ 200: Page<Change> }>({ url: `${BASE}/changes`, ...options })
export const listResourceFacets = (options: Options<{ query: Query }>) =>
  client.get<{ 200: Facets }>({ url: `${BASE}/facets`, ...options })
export const completeSearch = (options: Options<{ query: { text: string; cursor: number } }>) =>
  client.get<{ 200: Completion }>({ url: `${BASE}/search/complete`, ...options })
export const listSearchFields = (options: Options) =>
  client.get<{ 200: { items: SearchFieldRead[] } }>({ url: `${BASE}/search/fields`, ...options })
export const listResourceViews = (options: Options) =>
  client.get<{ 200: { items: ResourceViewRead[] } }>({ url: `${BASE}/views`, ...options })
export const createResourceView = (options: {
  body: { name: string; shared: boolean; search: string; columns: string[]; sort: string }
}) => client.post<{ 201: ResourceViewRead }>({ url: `${BASE}/views`, headers: JSON_BODY, ...options })
export const deleteResourceView = (options: { path: { view_id: string } }) =>
  client.delete<{ 204: void }>({ url: `${BASE}/views/{view_id}`, ...options })
export const startResourceExport = (options: {
  body: { format: ResourceExportRead['format']; search?: string; filters?: Query; at?: string }
}) =>
  client.post<{ 202: { job_id: string; export_id: string } }>({
    url: `${BASE}/exports`,
    headers: JSON_BODY,
    ...options,
  })
export const listResourceExports = (options: Options) =>
  client.get<{ 200: { items: ResourceExportRead[] } }>({ url: `${BASE}/exports`, ...options })
export const downloadResourceExport = (options: { path: { export_id: string } }) =>
  client.get<{ 200: Blob }>({ url: `${BASE}/exports/{export_id}/download`, parseAs: 'blob', ...options })
export const listResourceTrends = (options: Options<{ query: Query }>) =>
  client.get<{ 200: Trends }>({ url: `${BASE}/trends`, ...options })
export const listTagCoverage = (options: Options) =>
  client.get<{ 200: TagCoverages }>({ url: `${BASE}/tags`, ...options })

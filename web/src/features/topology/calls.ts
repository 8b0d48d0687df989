import { client } from '@cloudops/api-client'
import type { Money } from '@/types/api'

type Findings = { critical: number; high: number; medium: number; low: number; info: number }
export type TopologyNode = {
  id: string
  kind: 'resource' | 'group' | 'external'
  resource_id: string | null
  native_id: string | null
  label: string
  type: string | null
  provider: string | null
  account_id: string | null
  region: string | null
  group: string | null
  count: number
  cost: Money[]
  findings: Findings
  exposed: boolean | null
  stale: boolean
  distance: number | null
}
export type TopologyEdge = { source: string; target: string; kind: string; count: number }
export type TopologyRead = { nodes: TopologyNode[]; edges: TopologyEdge[]; truncated: boolean; total_nodes: number }
export type PathStep = { source_id: string; target_id: string; kind: string; reverse: boolean }
export type TopologyPath = { resource_ids: string[]; steps: PathStep[] }
export type PathsRead = { paths: TopologyPath[]; nodes: TopologyNode[]; truncated: boolean }
export type BlastRadiusRead = {
  nodes: TopologyNode[]
  edges: TopologyEdge[]
  by_type: { type: string; count: number }[]
  monthly_cost: Money[]
  outside: number
  truncated: boolean
}
export type PortRange = { protocol: string; from: number; to: number }
export type ExposureChain = {
  summary: string
  steps: {
    kind: 'address' | 'route' | 'firewall_rule' | 'listener' | 'target' | 'policy'
    resource_id: string | null
    native_id: string | null
    detail: string
  }[]
  ports: PortRange[]
  sources: string[]
}
export type ExposureDetail = { exposed: boolean | null; chains: ExposureChain[]; unknown: string[] }
export type TopologyViewRead = {
  id: string
  name: string
  shared: boolean
  query: Record<string, unknown>
  owner_id: string
  is_own: boolean
  created_at: string
  updated_at: string
}
type PageOf<Item> = { items: Item[]; next_cursor: string | null; total: number | null }
type Options<More = object> = { signal?: AbortSignal } & More

const BASE = '/api/v1/topology'
export const getTopology = (options: Options<{ query: Record<string, unknown> }>) =>
  client.get<{ 200: TopologyRead }>({ url: BASE, ...options })
export const findTopologyPaths = (options: Options<{ query: Record<string, unknown> }>) =>
  client.get<{ 200: PathsRead }>({ url: `${BASE}/path`, ...options })
export const getBlastRadius = (options: Options<{ path: { resource_id: string }; query: Record<string, unknown> }>) =>
  client.get<{ 200: BlastRadiusRead }>({ url: `${BASE}/resources/{resource_id}/blast-radius`, ...options })
export const getExposure = (options: Options<{ path: { resource_id: string } }>) =>
  client.get<{ 200: ExposureDetail }>({ url: `${BASE}/resources/{resource_id}/exposure`, ...options })
export const listTopologyViews = (options: Options<{ query?: Record<string, unknown> }>) =>
  client.get<{ 200: PageOf<TopologyViewRead> }>({ url: `${BASE}/views`, ...options })
export const createTopologyView = (options: {
  body: { name: string; shared: boolean; query: Record<string, unknown> }
}) =>
  client.post<{ 201: TopologyViewRead }>({
    url: `${BASE}/views`,
    headers: { 'Content-Type': 'application/json' },
    ...options,
  })
export const deleteTopologyView = (options: { path: { view_id: string } }) =>
  client.delete<{ 204: void }>({ url: `${BASE}/views/{view_id}`, ...options })

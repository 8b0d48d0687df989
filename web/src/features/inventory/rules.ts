import type { ResourceFacets } from '@/types/api'
import type { ResourceFilter } from './api'

const ACRONYMS = new Set(['acl', 'api', 'cdn', 'dns', 'iam', 'id', 'ip', 'nat', 'vm', 'vpc', 'vpn'])

/** "network.nat_gateway" → "Network NAT gateway": our normalised types, readable. */
export function typeName(type: string): string {
  const words = new Set(type.split(/[._-]+/))
  const text = [...words]
    .map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word))
    .join(' ')
    .trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The states that clouds report, by what they mean to an operator. */
export function statusTone(status: string | null): 'ok' | 'warning' | 'neutral' | 'busy' {
  const word = status?.toLowerCase() ?? ''
  if (['running', 'active', 'available', 'in-use', 'enabled', 'ok', 'attached', 'associated'].includes(word))
    return 'ok'
  if (['pending', 'creating', 'modifying', 'updating', 'starting', 'stopping', 'deleting'].includes(word)) return 'busy'
  if (['failed', 'error', 'impaired', 'unavailable', 'alarm', 'inactive', 'degraded'].includes(word)) return 'warning'
  return 'neutral'
}

/**
 * How many resources the filters leave, told from the facets: a group that is not filtered itself adds up to it. Null
 * when every group is filtered.
 */
export function countOf(facets: ResourceFacets, filter: ResourceFilter): number | null {
  const sum = (counts: { count: number }[]) => counts.reduce((total, { count }) => total + count, 0)
  // Types and regions may be cut off after the most frequent, so they are not asked.
  if (filter.provider.length === 0) return sum(facets.provider)
  if (filter.account_id.length === 0) return sum(facets.account)
  if (filter.status.length === 0) return sum(facets.status)
  return null
}

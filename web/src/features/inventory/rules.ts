import type { Resource } from '@/types/api'

export { typeName } from '@/services/typeName'

/** The states that clouds report, by what they mean to an operator. */
export function statusTone(status: string | null): 'ok' | 'warning' | 'neutral' | 'busy' {
  const word = status?.toLowerCase() ?? ''
  if (
    ['vm running', 'running', 'active', 'available', 'in-use', 'enabled', 'ok', 'attached', 'associated'].includes(word)
  )
    return 'ok'
  if (['pending', 'creating', 'modifying', 'updating', 'starting', 'stopping', 'deleting'].includes(word)) return 'busy'
  if (['failed', 'error', 'impaired', 'unavailable', 'alarm', 'inactive', 'degraded'].includes(word)) return 'warning'
  return 'neutral'
}

export type ComparedTag = { key: string; having: number; values: number; usual: string | null }

/** Every tag key of some resources: how many have it, how many values it has, and the most frequent; fullest first. */
export function compareTags(resources: Pick<Resource, 'tags'>[]): ComparedTag[] {
  const counts = new Map<string, Map<string, number>>()
  for (const { tags } of resources) {
    for (const [key, value] of Object.entries(tags)) {
      const values = counts.get(key) ?? new Map<string, number>()
      values.set(value, (values.get(value) ?? 0) + 1)
      counts.set(key, values)
    }
  }
  return [...counts]
    .map(([key, values]) => {
      const sorted = [...values].sort((a, b) => b[1] - a[1])
      const having = sorted.reduce((sum, [, count]) => sum + count, 0)
      return { key, having, values: sorted.length, usual: sorted[0]?.[0] ?? null }
    })
    .sort((a, b) => b.having - a.having || a.key.localeCompare(b.key))
}

import { SEVERITIES } from '@/components/Common/Severity'
import type { Money, Severity, TopologyNode } from '@/types/api'

export const OVERLAYS = ['none', 'cost', 'findings', 'change', 'stale'] as const
export type Overlay = (typeof OVERLAYS)[number]

export const worstFinding = ({ findings }: Pick<TopologyNode, 'findings'>): Severity | null =>
  SEVERITIES.find((severity) => (findings[severity] ?? 0) > 0) ?? null

export const findingTotal = ({ findings }: Pick<TopologyNode, 'findings'>): number =>
  SEVERITIES.reduce((sum, severity) => sum + (findings[severity] ?? 0), 0)

/** Sums of one currency as a number; several currencies cannot be ranked against each other, the first counts. */
export const costValue = (sums: Money[]): number => Number(sums[0]?.amount ?? 0)

/** Levels 0 (none) to 4 (the most expensive tenth), so that one giant does not make all others pale. */
export function costLevels(nodes: TopologyNode[]): Map<string, number> {
  const priced = nodes.map((node) => ({ id: node.id, value: costValue(node.cost) })).filter(({ value }) => value > 0)
  priced.sort((a, b) => a.value - b.value)
  const levels = new Map<string, number>()
  priced.forEach(({ id }, index) => {
    const share = (index + 1) / priced.length
    levels.set(id, share > 0.9 ? 4 : share > 0.7 ? 3 : share > 0.4 ? 2 : 1)
  })
  return levels
}

/** What an overlay says of a node: a strength from 0 to 4 and, where it is about severity, which. */
export type Mark = { level: number; severity: Severity | null }

/** When each resource changed last, by resource id. */
export type ChangeTimes = ReadonlyMap<string, string>

export function marksOf(overlay: Overlay, nodes: TopologyNode[], changed: ChangeTimes): Map<string, Mark> {
  const marks = new Map<string, Mark>()
  const costs = overlay === 'cost' ? costLevels(nodes) : null
  for (const node of nodes) {
    if (costs) {
      const level = costs.get(node.id) ?? 0
      if (level > 0) marks.set(node.id, { level, severity: null })
    }
    if (overlay === 'findings') {
      const severity = worstFinding(node)
      if (severity) marks.set(node.id, { level: 4 - SEVERITIES.indexOf(severity), severity })
    }
    if (overlay === 'stale' && node.stale) marks.set(node.id, { level: 4, severity: null })
    if (overlay === 'change' && node.resource_id && changed.has(node.resource_id))
      marks.set(node.id, { level: 4, severity: null })
  }
  return marks
}

import { typeName } from '@/services/typeName'
import type { TopologyEdge, TopologyNode } from '@/types/api'

/** A node as drawn: `frame` is the opened group that it stands in, null on the open ground. */
export type MapNode = TopologyNode & { frame: string | null; groupKey: string | null }
export type MapEdge = TopologyEdge & { id: string }
/** An opened group around its members. */
export type Frame = { id: string; label: string; count: number }
export type MapGraph = { nodes: MapNode[]; edges: MapEdge[]; frames: Frame[] }

/** Most that are drawn as cards; more become dots. */
export const MOST_CARDS = 500
/** From here on one view asks for dots by itself; below, for groups. */
export const DOTS_FROM = 2_000

export type Drawing = 'cards' | 'dots'

/** Between the two bounds a map is better in groups; who opens them all gets dots. */
export const drawingOf = (nodes: number): Drawing => (nodes > MOST_CARDS ? 'dots' : 'cards')

const HUB = 'hub:'

/** Groups of this map among ids that were opened, maybe on another one. Hubs are neighbours too many for single cards. */
export const openable = (ids: string[], by: string): string[] =>
  ids.filter((id) => id.startsWith(HUB) || (by !== '' && id.startsWith(groupPrefix(by))))

/** Ids have no commas, which divide them in an address. */
const groupPrefix = (by: string): string => `group:${by.replaceAll('%', '%25').replaceAll(',', '%2C')}:`

/** How a node is called: types and kinds of relations in our words, everything else verbatim. */
export function nodeLabel({ id, kind, label }: Pick<TopologyNode, 'id' | 'kind' | 'label'>): string {
  return kind === 'group' && (id.startsWith(HUB) || id.startsWith('group:type:')) ? typeName(label) : label
}

/** A group's value at the end of its id: "group:region:eu-west-1" → "eu-west-1". */
export const groupValue = (id: string, by: string): string =>
  id.slice(groupPrefix(by).length).replaceAll('%2C', ',').replaceAll('%25', '%')

/** What to draw of an answer: members of opened groups in frames, and edges whose two ends are there. */
export function graphOf(
  nodes: TopologyNode[],
  edges: TopologyEdge[],
  openGroups: string[] = [],
  nameOf: (group: string) => string = (group) => group,
): MapGraph {
  const opened = new Set(openGroups)
  const drawn = nodes.map((node): MapNode => {
    const isMember = node.kind !== 'group' && node.group !== null && opened.has(node.group)
    return { ...node, label: nodeLabel(node), frame: isMember ? node.group : null, groupKey: node.group }
  })
  const known = new Set(drawn.map(({ id }) => id))
  const frames = openGroups
    .map((id) => ({ id, label: nameOf(id), count: drawn.filter(({ frame }) => frame === id).length }))
    .filter(({ count }) => count > 0)
  const seen = new Set<string>()
  const kept: MapEdge[] = []
  for (const edge of edges) {
    const id = `${edge.source} ${edge.kind} ${edge.target}`
    if (seen.has(id) || !known.has(edge.source) || !known.has(edge.target)) continue
    seen.add(id)
    kept.push({ ...edge, id })
  }
  return { nodes: drawn, edges: kept, frames }
}

/** A node and what it is tied to, to be left bright while the rest is dimmed. */
export function aroundOf(id: string, edges: MapEdge[]): Set<string> {
  const around = new Set([id])
  for (const { source, target } of edges) {
    if (source === id) around.add(target)
    if (target === id) around.add(source)
  }
  return around
}

/** Nodes whose name, id or type holds the text, exact and leading names first. */
export function findNodes(nodes: MapNode[], text: string, most = 20): MapNode[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return []
  const rank = ({ label, native_id, type }: MapNode): number => {
    const name = label.toLowerCase()
    if (name === wanted) return 0
    if (name.startsWith(wanted)) return 1
    if (name.includes(wanted)) return 2
    if (native_id?.toLowerCase().includes(wanted)) return 3
    return type?.toLowerCase().includes(wanted) ? 4 : 9
  }
  return nodes
    .map((node) => ({ node, place: rank(node) }))
    .filter(({ place }) => place < 9)
    .sort((a, b) => a.place - b.place || a.node.label.localeCompare(b.node.label))
    .slice(0, most)
    .map(({ node }) => node)
}

/** How many edges come in and go out, by node. */
export function tiesOf(edges: MapEdge[]): Map<string, { in: number; out: number }> {
  const ties = new Map<string, { in: number; out: number }>()
  const at = (id: string) => {
    const known = ties.get(id) ?? { in: 0, out: 0 }
    ties.set(id, known)
    return known
  }
  for (const { source, target, count } of edges) {
    at(source).out += count
    at(target).in += count
  }
  return ties
}

export type Point = { x: number; y: number }

/** The nearest place in the direction of an arrow key: straight ahead counts more than aside. */
export function nearestTo(from: Point, key: string, places: { id: string; at: Point }[]): string | null {
  const ahead: Record<string, [number, number]> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  }
  const direction = ahead[key]
  if (!direction) return null
  const [dx, dy] = direction
  let best: { id: string; score: number } | null = null
  for (const { id, at } of places) {
    const [x, y] = [at.x - from.x, at.y - from.y]
    const forward = x * dx + y * dy
    if (forward <= 1) continue
    const aside = Math.abs(x * dy) + Math.abs(y * dx)
    const score = forward + aside * 2
    if (!best || score < best.score) best = { id, score }
  }
  return best?.id ?? null
}

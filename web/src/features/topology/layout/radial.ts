import type { MapEdge, MapNode } from '../rules/graph'

const RING = 100

/**
 * Places for thousands of dots in one pass over nodes and edges: a tree by shortest way from the roots, each ring a
 * step further out, each branch as wide as what hangs on it. What no root reaches stands in a ring of its own, by group.
 */
export function layoutRadial(nodes: MapNode[], edges: MapEdge[], rootId: string | null): Map<string, [number, number]> {
  const { children, order, roots } = spanningTree(nodes, edges, rootId)
  const leaves = new Map<string, number>()
  for (const id of [...order].reverse()) {
    const below = children.get(id) ?? []
    leaves.set(id, below.length === 0 ? 1 : below.reduce((sum, child) => sum + (leaves.get(child) ?? 1), 0))
  }
  const places = new Map<string, [number, number]>()
  const total = roots.reduce((sum, id) => sum + (leaves.get(id) ?? 1), 0)
  const queue: { id: string; from: number; to: number; ring: number }[] = []
  let at = 0
  for (const id of roots) {
    const width = ((leaves.get(id) ?? 1) / total) * 2 * Math.PI
    queue.push({ id, from: at, to: at + width, ring: roots.length === 1 ? 0 : 1 })
    at += width
  }
  for (let head = 0; head < queue.length; head += 1) {
    const entry = queue[head]
    if (!entry) break
    const { id, from, to, ring } = entry
    const middle = (from + to) / 2
    places.set(id, [Math.cos(middle) * ring * RING, Math.sin(middle) * ring * RING])
    let start = from
    for (const child of children.get(id) ?? []) {
      const width = ((leaves.get(child) ?? 1) / (leaves.get(id) ?? 1)) * (to - from)
      queue.push({ id: child, from: start, to: start + width, ring: ring + 1 })
      start += width
    }
  }
  return places
}

function spanningTree(nodes: MapNode[], edges: MapEdge[], rootId: string | null) {
  const ties = new Map<string, string[]>()
  const tie = (a: string, b: string) => {
    const known = ties.get(a)
    if (known) known.push(b)
    else ties.set(a, [b])
  }
  for (const { source, target } of edges) {
    tie(source, target)
    tie(target, source)
  }
  // Best tied first, so that a part without a given root hangs on its hub; groups side by side.
  const byTies = [...nodes].sort(
    (a, b) =>
      Number(b.id === rootId) - Number(a.id === rootId) ||
      (ties.get(b.id)?.length ?? 0) - (ties.get(a.id)?.length ?? 0) ||
      (a.groupKey ?? '').localeCompare(b.groupKey ?? ''),
  )
  const children = new Map<string, string[]>()
  const seen = new Set<string>()
  const order: string[] = []
  const roots: string[] = []
  for (const { id } of byTies) {
    if (seen.has(id)) continue
    roots.push(id)
    seen.add(id)
    const queue = [id]
    for (let head = 0; head < queue.length; head += 1) {
      const current = queue[head] as string
      order.push(current)
      for (const next of ties.get(current) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        queue.push(next)
        const known = children.get(current)
        if (known) known.push(next)
        else children.set(current, [next])
      }
    }
  }
  return { children, order, roots }
}

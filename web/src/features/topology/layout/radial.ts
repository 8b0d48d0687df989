import type { MapEdge, MapNode } from '../rules/graph'

const RING = 100

/**
 * Places for thousands of dots in one pass over nodes and edges: a tree by shortest way from the roots, each ring a
 * step further out, each branch as wide as what hangs on it. What no root reaches stands in a ring of its own, by group.
 *
 * `xs[i]` and `ys[i]` are the place of `nodes[i]`. Works on numbers of nodes: names would be looked up at each step.
 */
export function layoutRadial(nodes: MapNode[], edges: MapEdge[], rootId: string | null) {
  const { parents, order, roots } = spanningTree(nodes, edges, rootId)
  const leaves = new Float64Array(nodes.length)
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const node = order[at] as number
    if (leaves[node] === 0) leaves[node] = 1
    const parent = parents[node] as number
    if (parent >= 0) leaves[parent] = (leaves[parent] as number) + (leaves[node] as number)
  }
  const total = roots.reduce((sum, root) => sum + (leaves[root] as number), 0)
  const [xs, ys] = [new Float64Array(nodes.length), new Float64Array(nodes.length)]
  // Where the next branch of each node starts, and its ring; parents come before their children.
  const [next, rings] = [new Float64Array(nodes.length), new Float64Array(nodes.length)]
  let nextRoot = 0
  for (const node of order) {
    const parent = parents[node] as number
    const width = ((leaves[node] as number) / total) * 2 * Math.PI
    const from = parent < 0 ? nextRoot : (next[parent] as number)
    if (parent < 0) nextRoot += width
    else next[parent] = from + width
    next[node] = from
    const ring = parent < 0 ? Number(roots.length > 1) : (rings[parent] as number) + 1
    rings[node] = ring
    xs[node] = Math.cos(from + width / 2) * ring * RING
    ys[node] = Math.sin(from + width / 2) * ring * RING
  }
  return { xs, ys }
}

/** Parents by number of node (-1: a root), and all nodes in an order that has parents before their children. */
function spanningTree(nodes: MapNode[], edges: MapEdge[], rootId: string | null) {
  const numbers = new Map(nodes.map(({ id }, number) => [id, number]))
  const ties = nodes.map((): number[] => [])
  for (const { source, target } of edges) {
    const [a, b] = [numbers.get(source), numbers.get(target)]
    if (a === undefined || b === undefined) continue
    ties[a]?.push(b)
    ties[b]?.push(a)
  }
  // Best tied first, so that a part without a given root hangs on its hub; groups side by side.
  const rank = (number: number) => (nodes[number]?.id === rootId ? Infinity : (ties[number]?.length ?? 0))
  const group = (number: number) => nodes[number]?.groupKey ?? ''
  const byTies = nodes.map((_, number) => number)
  byTies.sort((a, b) => {
    const [ofA, ofB] = [rank(a), rank(b)]
    if (ofA !== ofB) return ofB - ofA
    return group(a) < group(b) ? -1 : Number(group(a) > group(b))
  })
  const parents = new Int32Array(nodes.length).fill(-1)
  const seen = new Uint8Array(nodes.length)
  const [order, roots]: [number[], number[]] = [[], []]
  for (const root of byTies) {
    if (seen[root]) continue
    seen[root] = 1
    roots.push(root)
    let head = order.push(root) - 1
    for (; head < order.length; head += 1) {
      const current = order[head] as number
      for (const other of ties[current] ?? []) {
        if (seen[other]) continue
        seen[other] = 1
        parents[other] = current
        order.push(other)
      }
    }
  }
  return { parents, order, roots }
}

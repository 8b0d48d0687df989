import type { TopologyEdge, TopologyPaths } from '@/types/api'

/** The steps of all paths as edges between nodes; a step that several paths share is one edge. */
export function edgesOfPaths({ paths, nodes }: TopologyPaths): TopologyEdge[] {
  const nodeIds = new Map(nodes.flatMap(({ id, resource_id }) => (resource_id ? [[resource_id, id] as const] : [])))
  const edges = new Map<string, TopologyEdge>()
  for (const { steps } of paths) {
    for (const { source_id, target_id, kind } of steps) {
      const [source, target] = [nodeIds.get(source_id) ?? source_id, nodeIds.get(target_id) ?? target_id]
      edges.set(`${source} ${kind} ${target}`, { source, target, kind, count: 1 })
    }
  }
  return [...edges.values()]
}

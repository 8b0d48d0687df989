import type { ElkNode } from 'elkjs/lib/elk-api.js'
import ELK from 'elkjs/lib/elk-api.js'
import workerUrl from 'elkjs/lib/elk-worker.min.js?url'
import type { Frame, MapEdge, MapNode } from '../rules/graph'

export type Box = { x: number; y: number; width: number; height: number }

export const CARD = { width: 208, height: 60 }
const FRAME_HEAD = 34

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.layered.spacing.nodeNodeBetweenLayers': '96',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.componentComponent': '36',
  'elk.aspectRatio': '1.6',
  // Least crossings cost more than they help past some hundred cards.
  'elk.layered.thoroughness': '3',
}
const FRAME_OPTIONS = { 'elk.padding': `[top=${FRAME_HEAD},left=14,bottom=14,right=14]` }

let elk: InstanceType<typeof ELK> | undefined

/** Places of cards in layers from left to right, and of the frames around opened groups; worked out by a worker. */
export async function layoutLayered(nodes: MapNode[], edges: MapEdge[], frames: Frame[]): Promise<Map<string, Box>> {
  elk ??= new ELK({ workerUrl })
  const card = ({ id }: MapNode): ElkNode => ({ id, ...CARD })
  const inside = (frame: string | null) => nodes.filter((node) => node.frame === frame).map(card)
  const root = await elk.layout({
    id: 'root',
    layoutOptions: OPTIONS,
    children: [
      ...frames.map(({ id }): ElkNode => ({ id, layoutOptions: FRAME_OPTIONS, children: inside(id) })),
      ...inside(null),
    ],
    edges: edges.map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  })
  const boxes = new Map<string, Box>()
  const keep = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode) => {
    boxes.set(id, { x, y, width, height })
    children.forEach(keep)
  }
  root.children?.forEach(keep)
  return boxes
}

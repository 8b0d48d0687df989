import type { Edge, Node } from '@xyflow/react'
import type { Box } from '../layout/layered'
import type { Frame, MapEdge, MapGraph, MapNode } from '../rules/graph'
import type { Mark, Overlay } from '../rules/overlays'

export type CardData = {
  node: MapNode
  overlay: Overlay
  mark: Mark | null
  dimmed: boolean
  isRoot: boolean
  isOpen: boolean
  /** Takes the Tab key for all cards. */
  isStop: boolean
  onOpen: (node: MapNode) => void
}
export type CardNode = Node<CardData, 'card'>
export type FrameNode = Node<{ frame: Frame; onClose: (id: string) => void }, 'frame'>
export type MapFlowNode = CardNode | FrameNode
export type MapFlowEdge = Edge

/** Edges are named all at once only while they are few; else those of what is looked at. */
const MOST_NAMED_EDGES = 16
const MOST_NAMES = 1

export type Look = {
  overlay: Overlay
  marks: Map<string, Mark>
  /** What stays bright; null dims nothing. */
  bright: Set<string> | null
  rootId: string | null
  openId: string | null
  stopId: string | null
  onOpen: (node: MapNode) => void
  onToggleGroup: (id: string) => void
}

export function flowNodes({ nodes, frames }: MapGraph, boxes: Map<string, Box>, look: Look): MapFlowNode[] {
  const drawnFrames = frames.flatMap((frame): FrameNode[] => {
    const box = boxes.get(frame.id)
    if (!box) return []
    return [
      {
        id: frame.id,
        type: 'frame',
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        data: { frame, onClose: look.onToggleGroup },
        selectable: false,
      },
    ]
  })
  const cards = nodes.flatMap((node): CardNode[] => {
    const box = boxes.get(node.id)
    if (!box) return []
    return [
      {
        id: node.id,
        type: 'card',
        position: { x: box.x, y: box.y },
        width: box.width,
        height: box.height,
        ...(node.frame ? { parentId: node.frame } : {}),
        // Above the lines, which stand above the frames.
        zIndex: 2,
        data: {
          node,
          overlay: look.overlay,
          mark: look.marks.get(node.id) ?? null,
          dimmed: look.bright !== null && !look.bright.has(node.id),
          isRoot: node.id === look.rootId,
          isOpen: node.id === look.openId,
          isStop: node.id === look.stopId,
          onOpen: look.onOpen,
        },
      },
    ]
  })
  // Parents come before their children.
  return [...drawnFrames, ...cards]
}

/** All relations between two cards are one line from left to right, with heads at the ends that they lead to. */
type Tie = { left: string; right: string; edges: MapEdge[]; toLeft: boolean; toRight: boolean }

function tiesOfCards(edges: MapEdge[], xOf: ReadonlyMap<string, number>): Tie[] {
  const ties = new Map<string, Tie>()
  for (const edge of edges) {
    const isBackward = (xOf.get(edge.source) ?? 0) > (xOf.get(edge.target) ?? 0)
    const [left, right] = isBackward ? [edge.target, edge.source] : [edge.source, edge.target]
    const tie = ties.get(`${left} ${right}`) ?? { left, right, edges: [], toLeft: false, toRight: false }
    tie.edges.push(edge)
    if (isBackward) tie.toLeft = true
    else tie.toRight = true
    ties.set(`${left} ${right}`, tie)
  }
  return [...ties.values()]
}

type Center = { id: string; at: { x: number } }

export function flowEdges(
  edges: MapEdge[],
  look: Look,
  nameOf: (edge: MapEdge) => string,
  centers: Center[],
): MapFlowEdge[] {
  const ties = tiesOfCards(edges, new Map(centers.map(({ id, at }) => [id, at.x])))
  const few = ties.length <= MOST_NAMED_EDGES
  return ties.map((tie): MapFlowEdge => {
    const touched = tie.left === look.openId || tie.right === look.openId
    const dimmed = look.bright !== null && !(look.bright.has(tie.left) && look.bright.has(tie.right))
    const color = touched ? 'var(--accent)' : 'var(--muted)'
    const head = { type: 'arrowclosed', color, width: 14, height: 14 } as MapFlowEdge['markerEnd']
    const count = tie.edges.reduce((sum, edge) => sum + edge.count, 0)
    return {
      id: `${tie.left} ${tie.right}`,
      source: tie.left,
      target: tie.right,
      label: dimmed ? undefined : tieName(tie.edges.map(nameOf)),
      // While there are many, a line tells its name when it is pointed at.
      className: few || touched ? undefined : 'quiet-edge',
      focusable: false,
      selectable: false,
      zIndex: 1,
      style: { stroke: color, strokeWidth: Math.min(4, 1 + Math.log10(count)), opacity: dimmed ? 0.12 : 0.7 },
      labelStyle: { fill: 'var(--text)', fontSize: 11 },
      labelBgStyle: { fill: 'var(--bg)', fillOpacity: 0.9 },
      labelBgPadding: [4, 2] as [number, number],
      labelBgBorderRadius: 4,
      ...(tie.toRight ? { markerEnd: head } : {}),
      ...(tie.toLeft ? { markerStart: head } : {}),
    }
  })
}

/** The first names, and how many more there are. */
function tieName(names: string[]): string {
  const known = [...new Set(names)]
  const more = known.length - MOST_NAMES
  return known.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` +${more}` : '')
}

/** Where each card stands on the whole map, for moving by arrow keys. */
export function centersOf({ nodes }: MapGraph, boxes: Map<string, Box>) {
  return nodes.flatMap((node) => {
    const box = boxes.get(node.id)
    if (!box) return []
    const frame = node.frame ? boxes.get(node.frame) : undefined
    return [
      {
        id: node.id,
        at: { x: box.x + (frame?.x ?? 0) + box.width / 2, y: box.y + (frame?.y ?? 0) + box.height / 2 },
      },
    ]
  })
}

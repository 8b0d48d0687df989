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
export type MapFlowEdge = Edge<{ edge: MapEdge }>

/** Edges are named all at once only while they are few; else those of what is looked at. */
const MOST_NAMED_EDGES = 60

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

export function flowEdges(edges: MapEdge[], look: Look, nameOf: (edge: MapEdge) => string): MapFlowEdge[] {
  const few = edges.length <= MOST_NAMED_EDGES
  return edges.map((edge) => {
    const touched = edge.source === look.openId || edge.target === look.openId
    const dimmed = look.bright !== null && !(look.bright.has(edge.source) && look.bright.has(edge.target))
    const color = touched ? 'var(--accent)' : 'var(--muted)'
    return {
      id: edge.id,
      source: edge.source,
      target: edge.target,
      data: { edge },
      label: (few || touched) && !dimmed ? nameOf(edge) : undefined,
      focusable: false,
      selectable: false,
      zIndex: 1,
      style: { stroke: color, strokeWidth: Math.min(4, 1 + Math.log10(edge.count)), opacity: dimmed ? 0.12 : 0.7 },
      labelStyle: { fill: 'var(--text)', fontSize: 11 },
      labelBgStyle: { fill: 'var(--bg)', fillOpacity: 0.9 },
      labelBgPadding: [4, 2] as [number, number],
      labelBgBorderRadius: 4,
      markerEnd: { type: 'arrowclosed', color, width: 14, height: 14 } as MapFlowEdge['markerEnd'],
    }
  })
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

import Graph from 'graphology'
import type { ThemeColors } from '../hooks/useThemeColors'
import { layoutRadial } from '../layout/radial'
import type { MapGraph, MapNode } from '../rules/graph'
import type { Mark, Overlay } from '../rules/overlays'

export type DotLook = {
  overlay: Overlay
  marks: ReadonlyMap<string, Mark>
  /** What stays bright; null dims nothing. */
  bright: ReadonlySet<string> | null
  /** Drawn larger and with their names: where the map starts and what is open. */
  picked: readonly (string | null)[]
  colors: ThemeColors
}

const PROVIDER_KEYS: Record<string, keyof ThemeColors> = {
  aws: 'series-1',
  azure: 'series-2',
  gcp: 'series-3',
  kubernetes: 'series-4',
}

/** How one node is drawn. */
function dotOf(node: MapNode, { overlay, marks, bright, picked, colors }: DotLook) {
  const mark = marks.get(node.id)
  const isDim = bright !== null && !bright.has(node.id)
  const isPicked = picked.includes(node.id)
  const isMarking = overlay !== 'none' && marks.size > 0
  const plain = isMarking ? 'series-other' : (PROVIDER_KEYS[node.provider ?? ''] ?? 'series-other')
  const size = 2.5 + Math.min(12, Math.log2(node.count + 1))
  return {
    label: isDim ? null : node.label,
    color: colors[isDim ? 'border' : (mark?.severity ?? (mark ? 'accent' : plain))],
    size: size + (isPicked ? 5 : mark ? mark.level / 2 : 0),
    forceLabel: isPicked || (bright !== null && !isDim),
    zIndex: isDim ? 0 : 1 + (mark?.level ?? 0),
  }
}

/**
 * A graph for the renderer, looking as it is to look: functions asked of every node and edge while drawing cost more than
 * all else. Relations both ways or of several kinds are one line, as lines have neither heads nor names here.
 */
export function buildDots({ nodes, edges }: MapGraph, rootId: string | null, look: DotLook): Graph {
  const dots = new Graph({ type: 'undirected' })
  const { xs, ys } = layoutRadial(nodes, edges, rootId)
  nodes.forEach((node, number) => {
    dots.addNode(node.id, { x: xs[number], y: ys[number], ...dotOf(node, look) })
  })
  const { bright } = look
  for (const { source, target } of edges) {
    if (source === target) continue
    if (bright) dots.mergeEdge(source, target, { hidden: !(bright.has(source) && bright.has(target)) })
    else dots.mergeEdge(source, target)
  }
  return dots
}

/** Gives an existing graph another look; the renderer hears of it once for all nodes and once for all edges. */
export function repaintDots(dots: Graph, byId: ReadonlyMap<string, MapNode>, look: DotLook, before: DotLook) {
  const { bright } = look
  dots.updateEachNodeAttributes((id, dot) => {
    const node = byId.get(id)
    return node ? { ...dot, ...dotOf(node, look) } : dot
  })
  if (bright === before.bright) return
  dots.updateEachEdgeAttributes((_id, line, source, target) => ({
    ...line,
    hidden: bright !== null && !(bright.has(source) && bright.has(target)),
  }))
}

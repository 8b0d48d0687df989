import Graph from 'graphology'
import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import Sigma from 'sigma'
import type { Settings as SigmaSettings } from 'sigma/settings'
import { IconButton } from '@/components/Common/Button'
import { type ThemeColors, useThemeColors } from '../hooks/useThemeColors'
import { layoutRadial } from '../layout/radial'
import type { MapGraph, MapNode } from '../rules/graph'
import type { Mark } from '../rules/overlays'
import type { DrawingProps } from './GraphCards'

const PROVIDER_KEYS: Record<string, keyof ThemeColors> = {
  aws: 'series-1',
  azure: 'series-2',
  gcp: 'series-3',
  kubernetes: 'series-4',
}
const PAN_STEP = 0.1

const colorOf = (node: MapNode, mark: Mark | null, isMarking: boolean, colors: ThemeColors): string => {
  if (mark?.severity) return colors[mark.severity]
  if (mark) return colors.accent
  return isMarking ? colors['series-other'] : colors[PROVIDER_KEYS[node.provider ?? ''] ?? 'series-other']
}

function buildGraph({ nodes, edges }: MapGraph, rootId: string | null): Graph {
  const graph = new Graph({ multi: true, type: 'directed' })
  const places = layoutRadial(nodes, edges, rootId)
  for (const node of nodes) {
    const [x, y] = places.get(node.id) ?? [0, 0]
    graph.addNode(node.id, { x, y, label: node.label, size: 2.5 + Math.min(12, Math.log2(node.count + 1)) })
  }
  for (const { source, target } of edges) graph.addEdge(source, target, { size: 0.6 })
  return graph
}

/** The map as dots by WebGL, for thousands of resources. The table beside it reaches each by keyboard. */
export default function GraphDots(props: DrawingProps) {
  const { graph, focusId, label, overlay, marks, bright, rootId, openId, onOpen } = props
  const { t } = useTranslation()
  const colors = useThemeColors()
  const container = useRef<HTMLDivElement>(null)
  const sigma = useRef<Sigma | null>(null)
  const built = useMemo(() => buildGraph(graph, rootId), [graph, rootId])
  const byId = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  const open = useRef(onOpen)
  useEffect(() => {
    open.current = onOpen
  }, [onOpen])

  // Sigma draws as soon as it is made: what it draws with is there before, so that the first frame is not drawn twice.
  const look = useMemo<Partial<SigmaSettings>>(() => {
    const isMarking = overlay === 'cost' || overlay === 'change' || overlay === 'stale' || overlay === 'findings'
    return {
      labelColor: { color: colors.text },
      nodeReducer: (id, data) => {
        const node = byId.get(id)
        if (!node) return data
        const mark = marks.get(id) ?? null
        const isDim = bright !== null && !bright.has(id)
        const isPicked = id === openId || id === rootId
        return {
          ...data,
          color: isDim ? colors.border : colorOf(node, mark, isMarking && marks.size > 0, colors),
          label: isDim ? null : data.label,
          size: isPicked ? data.size + 5 : mark ? data.size + mark.level / 2 : data.size,
          forceLabel: isPicked || bright?.has(id),
          zIndex: isDim ? 0 : 1 + (mark?.level ?? 0),
        }
      },
      defaultEdgeColor: colors.border,
      // Asked of every line: only while some of them are to be hidden.
      edgeReducer:
        bright &&
        ((id, data) => ({ ...data, hidden: !(bright.has(built.source(id)) && bright.has(built.target(id))) })),
    }
  }, [built, byId, bright, colors, marks, openId, overlay, rootId])
  const shown = useRef(look)

  useEffect(() => {
    if (!container.current) return
    const drawn = new Sigma(built, container.current, {
      ...shown.current,
      hideEdgesOnMove: built.size > 5_000,
      labelRenderedSizeThreshold: 7,
      labelSize: 11,
      labelFont: 'Inter Variable, system-ui, sans-serif',
      allowInvalidContainer: true,
      defaultEdgeType: 'line',
      zIndex: true,
    })
    sigma.current = drawn
    drawn.on('clickNode', ({ node }) => {
      const known = byId.get(node)
      if (known) open.current(known)
    })
    return () => {
      sigma.current = null
      drawn.kill()
    }
  }, [built, byId])

  useEffect(() => {
    if (shown.current === look) return
    shown.current = look
    sigma.current?.setSettings(look)
  }, [look])

  useEffect(() => {
    const drawn = sigma.current
    const place = focusId && drawn?.getNodeDisplayData(focusId)
    if (place) void drawn?.getCamera().animate({ x: place.x, y: place.y, ratio: 0.15 }, { duration: 150 })
  }, [focusId, built])

  const camera = () => sigma.current?.getCamera()
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    const at = camera()?.getState()
    if (!at) return
    const step = PAN_STEP * at.ratio
    const moved: Record<string, { x?: number; y?: number; ratio?: number }> = {
      ArrowRight: { x: at.x + step },
      ArrowLeft: { x: at.x - step },
      ArrowUp: { y: at.y + step },
      ArrowDown: { y: at.y - step },
      '+': { ratio: at.ratio / 1.4 },
      '-': { ratio: at.ratio * 1.4 },
    }
    const next = moved[event.key]
    if (!next) return
    event.preventDefault()
    event.stopPropagation()
    camera()?.setState(next)
  }
  return (
    <div className="relative size-full">
      <div
        ref={container}
        role="img"
        aria-label={`${label}. ${t('map.dotsHint')}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="size-full outline-offset-[-2px]"
      />
      <div className="absolute bottom-3 left-3 flex flex-col rounded-card border border-border bg-surface">
        <IconButton icon={ZoomIn} label={t('map.zoomIn')} onClick={() => void camera()?.animatedZoom(1.5)} />
        <IconButton icon={ZoomOut} label={t('map.zoomOut')} onClick={() => void camera()?.animatedUnzoom(1.5)} />
        <IconButton icon={Maximize2} label={t('map.showAll')} onClick={() => void camera()?.animatedReset()} />
      </div>
    </div>
  )
}

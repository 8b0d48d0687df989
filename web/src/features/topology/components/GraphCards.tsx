import '@xyflow/react/dist/base.css'
import { Background, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useIsNarrow } from '@/hooks/useMediaQuery'
import { useLayout } from '../hooks/useLayout'
import { useEdgeName } from '../hooks/useNames'
import { type MapGraph, nearestTo } from '../rules/graph'
import { centersOf, flowEdges, flowNodes, type Look } from './cardNodes'
import { FrameCard, NodeCard } from './NodeCard'

const NODE_TYPES = { card: NodeCard, frame: FrameCard }
const SHOW_ALL = { padding: 0.12, maxZoom: 1, minZoom: 0.05 }
/** A narrow screen starts at the map's root at this size: all of it would be too small to read. */
const LEGIBLE = 0.75
const MANY = 120
const MINI_MAP_FROM = 40
const MINI_MAP = { width: 140, height: 92 }

export type DrawingProps = Omit<Look, 'stopId'> & { graph: MapGraph; focusId: string | null; label: string }

/** The map as cards in layers. */
export default function GraphCards(props: DrawingProps) {
  return (
    <ReactFlowProvider>
      <Cards {...props} />
    </ReactFlowProvider>
  )
}

function Cards(props: DrawingProps) {
  const { graph, focusId, label, overlay, marks, bright, rootId, openId, onOpen, onToggleGroup } = props
  const { t } = useTranslation()
  const edgeName = useEdgeName()
  const isNarrow = useIsNarrow()
  const flow = useReactFlow()
  const { boxes, drawn, isBusy, error } = useLayout(graph)
  const [reached, setReached] = useState<string | null>(null)
  const container = useRef<HTMLDivElement>(null)
  const shown = drawn ?? graph
  const stopId =
    [openId, reached, rootId].find((id) => shown.nodes.some((node) => node.id === id)) ?? shown.nodes[0]?.id
  const look = useMemo<Look>(
    () => ({ overlay, marks, bright, rootId, openId, stopId: stopId ?? null, onOpen, onToggleGroup }),
    [overlay, marks, bright, rootId, openId, stopId, onOpen, onToggleGroup],
  )
  const nodes = useMemo(() => (boxes ? flowNodes(shown, boxes, look) : []), [shown, boxes, look])
  const centers = useMemo(() => (boxes ? centersOf(shown, boxes) : []), [shown, boxes])
  const edges = useMemo(() => flowEdges(shown.edges, look, edgeName, centers), [shown, look, edgeName, centers])

  useEffect(() => {
    if (!boxes) return
    const start = isNarrow ? centers.find(({ id }) => id === rootId)?.at : undefined
    requestAnimationFrame(() => {
      if (start) void flow.setCenter(start.x, start.y, { zoom: LEGIBLE })
      else void flow.fitView(SHOW_ALL)
    })
    // Figures that change leave the map where it was moved to.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [boxes, flow, isNarrow, rootId])
  useEffect(() => {
    const place = centers.find(({ id }) => id === focusId)
    if (place) void flow.setCenter(place.at.x, place.at.y, { zoom: Math.max(0.8, flow.getZoom()) })
  }, [focusId, centers, flow])

  const moveBy = (event: KeyboardEvent) => {
    const from = centers.find(({ id }) => id === (event.target as HTMLElement).dataset.mapNode)
    const next = from && nearestTo(from.at, event.key, centers)
    if (!next) return
    event.preventDefault()
    event.stopPropagation()
    setReached(next)
    const place = centers.find(({ id }) => id === next)
    if (place) void flow.setCenter(place.at.x, place.at.y, { zoom: flow.getZoom() })
    // Cards out of sight are drawn once the map has moved.
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        container.current?.querySelector<HTMLElement>(`[data-map-node="${CSS.escape(next)}"]`)?.focus(),
      ),
    )
  }

  return (
    <div ref={container} role="group" aria-label={label} className="relative size-full" onKeyDown={moveBy}>
      {isBusy && (
        <p role="status" className="absolute top-2 left-2 z-10 rounded-control bg-surface px-2 py-1 text-muted">
          {t('map.layingOut')}
        </p>
      )}
      {error && (
        <p role="alert" className="absolute top-2 left-2 z-10 rounded-control bg-surface px-2 py-1 text-critical">
          {t('map.layoutFailed')}
        </p>
      )}
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={nodes.length > MANY}
        disableKeyboardA11y
        minZoom={0.05}
        maxZoom={2}
        fitView={!isNarrow || !rootId}
        fitViewOptions={SHOW_ALL}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={24} color="var(--border)" />
        <Controls showInteractive={false} fitViewOptions={SHOW_ALL} className="map-controls" />
        {!isNarrow && nodes.length > MINI_MAP_FROM && (
          <MiniMap
            pannable
            zoomable
            ariaLabel={t('map.miniMap')}
            style={MINI_MAP}
            bgColor="var(--surface)"
            maskColor="color-mix(in srgb, var(--bg) 70%, transparent)"
            nodeColor="var(--muted)"
            className="rounded-card border border-border"
          />
        )}
      </ReactFlow>
    </div>
  )
}

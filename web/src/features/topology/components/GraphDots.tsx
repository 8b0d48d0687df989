import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react'
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import Sigma from 'sigma'
import { EdgeLineProgram, EdgeRectangleProgram } from 'sigma/rendering'
import { IconButton } from '@/components/Common/Button'
import { type ThemeColors, useThemeColors } from '../hooks/useThemeColors'
import { buildDots, type DotLook, repaintDots } from './dotGraph'
import type { DrawingProps } from './GraphCards'

const lineColors = ({ text, border }: ThemeColors) => ({ labelColor: { color: text }, defaultEdgeColor: border })
// Arrows are never drawn here, but the renderer compiles whatever stands for them.
const LINES = { line: EdgeRectangleProgram, arrow: EdgeLineProgram }
const PAN_STEP = 0.1

/** The map as dots by WebGL, for thousands of resources. The table beside it reaches each by keyboard. */
export default function GraphDots(props: DrawingProps) {
  const { graph, focusId, label, overlay, marks, bright, rootId, openId, onOpen } = props
  const { t } = useTranslation()
  const colors = useThemeColors()
  const container = useRef<HTMLDivElement>(null)
  const sigma = useRef<Sigma | null>(null)
  const byId = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  const open = useRef(onOpen)
  useEffect(() => {
    open.current = onOpen
  }, [onOpen])

  const look = useMemo<DotLook>(
    () => ({ overlay, marks, bright, picked: [rootId, openId], colors }),
    [overlay, marks, bright, rootId, openId, colors],
  )
  // What is wanted and what is drawn: a new graph is drawn as is wanted at once.
  const wanted = useRef(look)
  const shown = useRef(look)
  useLayoutEffect(() => {
    wanted.current = look
  }, [look])
  // Before the browser shows the page: else it would be drawn without the map first, and then again.
  useLayoutEffect(() => {
    if (!container.current) return
    shown.current = wanted.current
    const built = buildDots(graph, rootId, shown.current)
    const drawn = new Sigma(built, container.current, {
      ...lineColors(shown.current.colors),
      edgeProgramClasses: LINES,
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
  }, [graph, byId, rootId])

  useLayoutEffect(() => {
    const before = shown.current
    const drawn = sigma.current
    if (before === look || !drawn) return
    shown.current = look
    if (before.colors !== look.colors) drawn.setSettings(lineColors(look.colors))
    repaintDots(drawn.getGraph(), byId, look, before)
  }, [look, byId])

  useEffect(() => {
    const drawn = sigma.current
    const place = focusId && drawn?.getNodeDisplayData(focusId)
    if (place) void drawn?.getCamera().animate({ x: place.x, y: place.y, ratio: 0.15 }, { duration: 150 })
  }, [focusId, graph])

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

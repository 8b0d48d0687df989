import { type KeyboardEvent, memo, type PointerEvent, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useElementWidth } from '@/hooks/useElementWidth'
import { TimeReadout } from './TimeReadout'
import { linePath, type TimeDomain, type TimeSeries, timeTicks, valueRange, valueTicks } from './timeScale'

/** A value to keep below or above: a threshold, a target. */
export type ValueLine = { value: number; label: string; color?: string }
/** A stretch of time with a meaning: firing, an outage. */
export type TimeSpan = { fromMs: number; toMs: number; label: string; color: string }
/** A point worth a look: an anomaly, a change. */
export type TimeMark = { id: string; atMs: number; value: number; label: string; color: string }

type Props = {
  label: string
  domain: TimeDomain
  series: TimeSeries[]
  height: number
  formatValue: (value: number) => string
  lines?: ValueLine[]
  spans?: TimeSpan[]
  marks?: TimeMark[]
  /** This series stands out, the others step back. */
  emphasized?: string | null
  /** Given when a stretch was dragged over. */
  onZoom?: (domain: TimeDomain) => void
}

type Box = { left: number; right: number; top: number; bottom: number }

const [TOP, RIGHT, BOTTOM] = [8, 8, 20]
const [LETTER, LEAST_LEFT] = [6.2, 30]
const [TICK_EVERY, LEAST_DRAG] = [80, 8]
const DAY_MS = 86_400_000
const NONE: never[] = []

/**
 * Lines over time. Drawn by ourselves, one path a series: a chart library's element for each of a hundred series takes
 * seconds, and pointing at one would draw all of them anew.
 */
export function TimePlot(props: Props) {
  const { label, domain, series, height, formatValue, lines = NONE, spans = NONE, marks = NONE, emphasized } = props
  const { t } = useTranslation()
  const frame = useRef<HTMLDivElement>(null)
  const width = useElementWidth(frame)
  const [atMs, setAtMs] = useState<number | null>(null)
  const ticks = useMemo(() => {
    const values = [...lines.map(({ value }) => value), ...marks.map(({ value }) => value)]
    return valueTicks(...valueRange(series, values))
  }, [series, lines, marks])
  const left = Math.max(LEAST_LEFT, ...ticks.map((tick) => formatValue(tick).length * LETTER + 8))
  const box: Box = { left, right: Math.max(left + 1, width - RIGHT), top: TOP, bottom: height - BOTTOM }
  const stepMs = Math.min(domain.toMs - domain.fromMs, ...series.map((one) => one.stepMs))
  const moveBy = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (event.key === 'Escape' && atMs !== null) {
      event.stopPropagation()
      setAtMs(null)
    }
    if (!step) return
    event.preventDefault()
    const next = (atMs ?? domain.toMs - stepMs) + (atMs === null ? 0 : step * stepMs)
    setAtMs(Math.min(domain.toMs - 1, Math.max(domain.fromMs, next)))
  }
  const drag = useDrag(domain, box, setAtMs, props.onZoom)
  return (
    // Not a form's control: the arrows read the values at one instant after the other.
    <div
      ref={frame}
      role="group"
      aria-label={t('chart.plot', { name: label })}
      tabIndex={0}
      onKeyDown={moveBy}
      onBlur={() => setAtMs(null)}
      className="relative w-full touch-pan-y select-none"
      style={{ height }}
    >
      <svg role="img" aria-label={label} width={width} height={height} className="block" {...drag.handlers}>
        <Axes domain={domain} box={box} ticks={ticks} formatValue={formatValue} />
        <Spans spans={spans} domain={domain} box={box} />
        <Lines series={series} domain={domain} box={box} ticks={ticks} emphasized={emphasized ?? null} />
        <Extras lines={lines} marks={marks} domain={domain} box={box} ticks={ticks} />
        {drag.area && (
          <rect {...drag.area} y={box.top} height={box.bottom - box.top} fill="var(--accent)" opacity={0.15} />
        )}
        {atMs !== null && (
          <line
            x1={scaleX(domain, box)(atMs)}
            x2={scaleX(domain, box)(atMs)}
            y1={box.top}
            y2={box.bottom}
            stroke="var(--muted)"
          />
        )}
      </svg>
      {atMs !== null && (
        <TimeReadout
          series={series}
          spans={spans}
          atMs={atMs}
          left={scaleX(domain, box)(atMs)}
          width={width}
          emphasized={emphasized ?? null}
          formatValue={formatValue}
        />
      )}
    </div>
  )
}

const scaleX =
  ({ fromMs, toMs }: TimeDomain, { left, right }: Box) =>
  (ms: number) =>
    left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (right - left)

const scaleY = (ticks: number[], { top, bottom }: Box) => {
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1]
  return (value: number) => bottom - ((value - low) / (high - low)) * (bottom - top)
}

/** The instant under the pointer, and the stretch that is dragged over. */
function useDrag(
  { fromMs, toMs }: TimeDomain,
  { left, right }: Box,
  onPoint: (atMs: number | null) => void,
  onZoom?: (domain: TimeDomain) => void,
) {
  const [start, setStart] = useState<number | null>(null)
  const [end, setEnd] = useState(0)
  const placeOf = (event: PointerEvent<SVGSVGElement>) =>
    Math.min(right, Math.max(left, event.clientX - event.currentTarget.getBoundingClientRect().left))
  const instantAt = (place: number) => fromMs + ((place - left) / (right - left)) * (toMs - fromMs)
  const isDragged = start !== null && Math.abs(end - start) >= LEAST_DRAG
  const handlers = {
    onPointerDown: (event: PointerEvent<SVGSVGElement>) => {
      if (!onZoom || event.button !== 0 || event.pointerType === 'touch') return
      event.currentTarget.setPointerCapture(event.pointerId)
      setStart(placeOf(event))
      setEnd(placeOf(event))
    },
    onPointerMove: (event: PointerEvent<SVGSVGElement>) => {
      if (start !== null) setEnd(placeOf(event))
      onPoint(Math.min(toMs - 1, instantAt(placeOf(event))))
    },
    onPointerUp: () => {
      if (isDragged) onZoom?.({ fromMs: instantAt(Math.min(start, end)), toMs: instantAt(Math.max(start, end)) })
      setStart(null)
    },
    onPointerCancel: () => setStart(null),
    onPointerLeave: () => onPoint(null),
  }
  return { handlers, area: isDragged ? { x: Math.min(start, end), width: Math.abs(end - start) } : null }
}

type AxesProps = { domain: TimeDomain; box: Box; ticks: number[]; formatValue: (value: number) => string }

function Axes({ domain, box, ticks, formatValue }: AxesProps) {
  const x = scaleX(domain, box)
  const y = scaleY(ticks, box)
  const times = timeTicks(domain, Math.max(2, Math.floor((box.right - box.left) / TICK_EVERY)))
  const write = tickFormat(domain)
  return (
    <g aria-hidden fontSize={11} fill="var(--muted)">
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={box.left} x2={box.right} y1={y(tick)} y2={y(tick)} stroke="var(--border)" />
          <text x={box.left - 6} y={y(tick) + 4} textAnchor="end">
            {formatValue(tick)}
          </text>
        </g>
      ))}
      {times.map((at) => (
        <text key={at} x={Math.min(x(at), box.right - 16)} y={box.bottom + 15} textAnchor="middle">
          {write(at)}
        </text>
      ))}
    </g>
  )
}

/** Hours within two days; days beyond. */
function tickFormat({ fromMs, toMs }: TimeDomain): (ms: number) => string {
  const isShort = toMs - fromMs <= 2 * DAY_MS
  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
  const isMidnight = (ms: number) => new Date(ms).getHours() === 0 && new Date(ms).getMinutes() === 0
  return (ms) => (isShort && !isMidnight(ms) ? clock.format(ms) : day.format(ms))
}

type LinesProps = { series: TimeSeries[]; domain: TimeDomain; box: Box; ticks: number[]; emphasized: string | null }

const Lines = memo(
  function Lines({ series, domain, box, ticks, emphasized }: LinesProps) {
    const paths = series.map((one) => ({ ...one, path: linePath(one, scaleX(domain, box), scaleY(ticks, box)) }))
    // What stands out is drawn last, over the others.
    const ordered = [...paths.filter(({ id }) => id !== emphasized), ...paths.filter(({ id }) => id === emphasized)]
    return (
      <g fill="none" strokeLinecap="round" strokeLinejoin="round">
        {ordered.map(({ id, path, color, isDashed }) => (
          <path
            key={id}
            d={path}
            data-series={id}
            stroke={color}
            strokeWidth={id === emphasized ? 2.5 : series.length > 20 ? 1 : 1.5}
            strokeDasharray={isDashed ? '4 4' : undefined}
            opacity={emphasized && id !== emphasized ? 0.25 : 1}
          />
        ))}
      </g>
    )
  },
  (before, after) =>
    before.series === after.series &&
    before.emphasized === after.emphasized &&
    before.ticks === after.ticks &&
    before.domain.fromMs === after.domain.fromMs &&
    before.domain.toMs === after.domain.toMs &&
    before.box.left === after.box.left &&
    before.box.right === after.box.right &&
    before.box.bottom === after.box.bottom,
)

function Spans({ spans, domain, box }: { spans: TimeSpan[]; domain: TimeDomain; box: Box }) {
  const x = scaleX(domain, box)
  return (
    <g>
      {spans
        .filter(({ fromMs, toMs }) => toMs > domain.fromMs && fromMs < domain.toMs)
        .map(({ fromMs, toMs, label, color }) => {
          const start = x(Math.max(fromMs, domain.fromMs))
          const width = Math.max(2, x(Math.min(toMs, domain.toMs)) - start)
          return (
            <g key={`${fromMs}-${label}`}>
              <title>{label}</title>
              <rect x={start} width={width} y={box.top} height={box.bottom - box.top} fill={color} opacity={0.14} />
              <rect x={start} width={width} y={box.bottom - 3} height={3} fill={color} />
            </g>
          )
        })}
    </g>
  )
}

type ExtrasProps = { lines: ValueLine[]; marks: TimeMark[]; domain: TimeDomain; box: Box; ticks: number[] }

function Extras({ lines, marks, domain, box, ticks }: ExtrasProps) {
  const x = scaleX(domain, box)
  const y = scaleY(ticks, box)
  return (
    <g>
      {lines.map(({ value, label, color = 'var(--muted)' }) => (
        <g key={`${label}-${value}`}>
          <line x1={box.left} x2={box.right} y1={y(value)} y2={y(value)} stroke={color} strokeDasharray="6 3" />
          <text x={box.right - 2} y={y(value) - 4} textAnchor="end" fontSize={11} fill={color}>
            {label}
          </text>
        </g>
      ))}
      {marks
        .filter(({ atMs }) => atMs >= domain.fromMs && atMs < domain.toMs)
        .map(({ id, atMs, value, label, color }) => (
          <circle key={id} cx={x(atMs)} cy={y(value)} r={5} fill="none" stroke={color} strokeWidth={2}>
            <title>{label}</title>
          </circle>
        ))}
    </g>
  )
}

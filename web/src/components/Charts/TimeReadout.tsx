import { useTranslation } from 'react-i18next'
import { type TimeSeries, valueAt } from './timeScale'

const MOST_ROWS = 8
const WIDTH = 240

type Props = {
  series: TimeSeries[]
  spans: { fromMs: number; toMs: number; label: string }[]
  atMs: number
  /** Where the instant is drawn, and how much room there is, in pixels. */
  left: number
  width: number
  emphasized: string | null
  formatValue: (value: number) => string
}

/** The values at one instant, biggest first; told to screen readers as the keyboard moves. */
export function TimeReadout({ series, spans, atMs, left, width, emphasized, formatValue }: Props) {
  const { t } = useTranslation()
  const rows = series
    .map((one) => ({ ...one, value: valueAt(one, atMs) }))
    .filter((row): row is typeof row & { value: number } => row.value !== null)
    .sort((a, b) => Number(b.id === emphasized) - Number(a.id === emphasized) || b.value - a.value)
  const isRight = left > width / 2
  const at = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs)
  return (
    <div
      aria-live="polite"
      style={{ width: Math.min(WIDTH, width), left: isRight ? Math.max(0, left - WIDTH - 10) : left + 10 }}
      className="pointer-events-none absolute top-2 z-20 rounded-control border border-border bg-surface px-2.5 py-1.5 text-11 shadow-floating"
    >
      <p className="mb-1 font-medium">{at}</p>
      {spans
        .filter(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)
        .map(({ fromMs, label }) => (
          <p key={`${fromMs}-${label}`}>{label}</p>
        ))}
      {rows.slice(0, MOST_ROWS).map(({ id, label, color, value }) => (
        <p key={id} className="flex items-center gap-2">
          <svg aria-hidden viewBox="0 0 8 8" className="size-2 shrink-0">
            <rect width="8" height="8" rx="2" fill={color} />
          </svg>
          <span className="min-w-0 flex-1 truncate text-muted">{label}</span>
          <span className="tabular-nums">{formatValue(value)}</span>
        </p>
      ))}
      {rows.length > MOST_ROWS && (
        <p className="text-muted">{t('chart.moreSeries', { count: rows.length - MOST_ROWS })}</p>
      )}
      {rows.length === 0 && <p className="text-muted">{t('chart.noValue')}</p>}
    </div>
  )
}

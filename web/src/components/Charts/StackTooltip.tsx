import { useTranslation } from 'react-i18next'
import type { Point, Series } from './series'

type Props = {
  series: Series[]
  formatAt: (at: string) => string
  formatValue: (value: number) => string
  /** Given by the chart library while a point is pointed at. */
  active?: boolean
  payload?: readonly { payload?: Point }[]
}

/** What one step holds, biggest first, with its total. */
export function StackTooltip({ series, formatAt, formatValue, active, payload }: Props) {
  const { t } = useTranslation()
  const point = payload?.[0]?.payload
  if (!active || !point) return null
  const rows = series
    .map((item) => ({ ...item, value: point.values[item.id] ?? 0 }))
    .filter(({ value }) => value !== 0)
    .sort((a, b) => b.value - a.value)
  const total = rows.reduce((sum, { value }) => sum + value, 0)
  return (
    <div className="min-w-40 rounded-control border border-border bg-surface px-2.5 py-1.5 text-11 shadow-floating">
      <p className="mb-1 font-medium">{formatAt(point.at)}</p>
      {rows.map(({ id, label, color, value }) => (
        <p key={id} className="flex items-center gap-2">
          <svg aria-hidden viewBox="0 0 8 8" className="size-2 shrink-0">
            <rect width="8" height="8" rx="2" fill={color} />
          </svg>
          <span className="max-w-48 flex-1 truncate text-muted">{label}</span>
          <span className="tabular-nums">{formatValue(value)}</span>
        </p>
      ))}
      {rows.length !== 1 && (
        <p className="mt-1 flex justify-between gap-4 border-t border-border pt-1 font-medium">
          <span>{t('chart.total')}</span>
          <span className="tabular-nums">{formatValue(total)}</span>
        </p>
      )}
    </div>
  )
}

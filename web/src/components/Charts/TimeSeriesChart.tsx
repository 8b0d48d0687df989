import { type ReactNode, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartFrame } from './ChartFrame'
import { Legend } from './Legend'
import { type TimeMark, TimePlot, type TimeSpan, type ValueLine } from './TimePlot'
import { instantsOf, type TimeDomain, type TimeSeries } from './timeScale'

const ENTRIES_BELOW = 12

type Props = {
  title: string
  /** What the numbers are: "percent", "bytes per second". */
  unit: string
  /** One sentence that says what the chart shows. */
  summary: string
  domain: TimeDomain
  series: TimeSeries[]
  formatValue: (value: number) => string
  height?: number
  lines?: ValueLine[]
  spans?: TimeSpan[]
  marks?: TimeMark[]
  aside?: ReactNode
  className?: string
  /** Given by a page that has a legend of its own: what is hidden, and what stands out. */
  hidden?: ReadonlySet<string>
  emphasized?: string | null
  onZoom?: (domain: TimeDomain) => void
}

/** Lines over time in their frame: title, summary, legend, and the same numbers as a table behind a switch. */
export function TimeSeriesChart(props: Props) {
  const { title, domain, series, formatValue, height = 220, hidden: hiddenOutside, ...rest } = props
  const { unit, summary, aside, className, ...plot } = rest
  const { t } = useTranslation()
  const [hiddenHere, setHiddenHere] = useState<ReadonlySet<string>>(new Set())
  const hidden = hiddenOutside ?? hiddenHere
  const shown = useMemo(() => series.filter(({ id }) => !hidden.has(id)), [series, hidden])
  const toggle = (id: string) => {
    const next = new Set(hidden)
    if (!next.delete(id)) next.add(id)
    setHiddenHere(next)
  }
  return (
    <ChartFrame
      title={title}
      unit={unit}
      summary={summary}
      aside={aside}
      className={className}
      height={height}
      table={() => tableOf(shown, formatValue, t('chart.time'))}
    >
      <TimePlot {...plot} label={title} domain={domain} series={shown} height={height} formatValue={formatValue} />
      {!hiddenOutside && series.length > 1 && series.length <= ENTRIES_BELOW && (
        <Legend series={series} hidden={hidden} onToggle={toggle} />
      )}
    </ChartFrame>
  )
}

/** A row for each instant at which a series has a value, a column for each series. */
export function tableOf(series: TimeSeries[], formatValue: (value: number) => string, timeName: string) {
  const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  return {
    columns: [timeName, ...series.map(({ label }) => label)],
    rows: instantsOf(series).map((at) => [
      time.format(at),
      ...series.map((one) => {
        const value = exactAt(one, at)
        return value === null ? '–' : formatValue(value)
      }),
    ]),
  }
}

const exactAt = ({ values, fromMs, stepMs }: TimeSeries, at: number): number | null =>
  (at - fromMs) % stepMs === 0 ? (values[(at - fromMs) / stepMs] ?? null) : null

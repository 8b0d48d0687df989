import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ChartFrame } from '@/components/Charts/ChartFrame'
import { StackedChart } from '@/components/Charts/StackedChart'
import type { SeriesChartData } from '@/components/Charts/series'
import { formatDay, formatMoney, formatPercent } from '@/services/format'

type Props = {
  title: string
  data: SeriesChartData
  currency: string
  granularity: 'day' | 'month'
  height?: number
  aside?: ReactNode
  className?: string
}

/** Costs over time by group, with the numbers as a table behind a switch. */
export function CostChart({ title, data, currency, granularity, height = 240, aside, className }: Props) {
  const { t } = useTranslation()
  const { series, points } = data
  const money = (value: number, compact = false) => formatMoney({ amount: String(value), currency }, { compact })
  const formatAt = (at: string) =>
    granularity === 'day' ? formatDay(at) : formatDay(at, { month: 'short', year: '2-digit' })
  const sums = series.map((item) => ({
    ...item,
    sum: points.reduce((sum, { values }) => sum + (values[item.id] ?? 0), 0),
  }))
  const total = sums.reduce((sum, item) => sum + item.sum, 0)
  const [largest] = [...sums].sort((a, b) => b.sum - a.sum)
  const first = points[0]?.at
  const last = points.at(-1)?.at
  const summarize = () => {
    if (!first || !last || !largest) return t('cost.noneInRange')
    const span = { total: money(total), from: formatAt(first), to: formatAt(last) }
    if (series.length === 1) return t('cost.singleSummary', { ...span, average: money(total / points.length) })
    const share = total > 0 ? formatPercent((largest.sum / total) * 100, 0) : '–'
    return t('cost.chartSummary', { ...span, largest: largest.label, share })
  }
  return (
    <ChartFrame
      title={title}
      unit={t(granularity === 'day' ? 'cost.unitDay' : 'cost.unitMonth', { currency })}
      summary={summarize()}
      table={{
        columns: [t(granularity === 'day' ? 'cost.day' : 'cost.month'), ...series.map(({ label }) => label)],
        rows: points.map(({ at, values }) => [formatAt(at), ...series.map(({ id }) => money(values[id] ?? 0))]),
      }}
      aside={aside}
      className={className}
      height={height}
    >
      <StackedChart
        series={series}
        points={points}
        label={title}
        height={height}
        formatAt={formatAt}
        formatTick={(value) => money(value, true)}
        formatValue={(value) => money(value)}
        hideLegend={series.length < 2}
      />
    </ChartFrame>
  )
}

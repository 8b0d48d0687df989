import type { PointsRead } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { TimeSpan } from '@/components/Charts/TimePlot'
import { TimeSeriesChart } from '@/components/Charts/TimeSeriesChart'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { readingQuery } from '../api/series'
import { readingsOf } from '../condition'
import { linesOf, thresholdLines } from '../series'
import type { Condition, Reading } from '../types'
import { lineWords } from '../words'

type Props = { condition: Condition; hours: number; spans?: TimeSpan[] }

const short = (value: number) => formatNumber(value, { notation: 'compact', maximumSignificantDigits: 4 })
const NONE: TimeSpan[] = []

/** The series that a condition reads, a chart each, with its numbers as lines and what fired as stretches. */
export function ReadingCharts({ condition, hours, spans = NONE }: Props) {
  const { t } = useTranslation()
  const readings = readingsOf(condition)
  if (readings.length === 0) return <p className="text-muted">{t('rule.previewElsewhere')}</p>
  return readings.map((reading, index) => (
    // Two parts may read the same.
    <ReadingChart
      key={`${index}-${reading.selector}`}
      condition={condition}
      reading={reading}
      hours={hours}
      spans={spans}
    />
  ))
}

function ReadingChart({ condition, reading, hours, spans }: Required<Props> & { reading: Reading }) {
  const { t } = useTranslation()
  const query = useQuery({ ...readingQuery(reading, hours), enabled: useCan('metrics:read') })
  return (
    <QueryState
      compact
      query={query}
      permission="metrics:read"
      skeleton={<Skeleton className="h-60" />}
      isEmpty={({ series }) => series.length === 0}
      firstUse={{ title: t('rule.previewEmpty'), quiet: true }}
      frame={(state) => (
        <Card flush title={reading.selector}>
          {state}
        </Card>
      )}
    >
      {(points) => <PointsChart points={points} condition={condition} reading={reading} hours={hours} spans={spans} />}
    </QueryState>
  )
}

type ChartProps = Required<Props> & { reading: Reading; points: PointsRead }

function PointsChart({ points, condition, reading, hours, spans }: ChartProps) {
  const { t } = useTranslation()
  const { series, step_seconds, truncated } = points
  const domain = useMemo(
    () => ({ fromMs: Date.parse(points.from), toMs: Date.parse(points.to) }),
    [points.from, points.to],
  )
  const drawn = useMemo(() => linesOf(series, domain.fromMs, step_seconds * 1000), [series, domain, step_seconds])
  const isOne = readingsOf(condition).length === 1
  const lines = isOne
    ? thresholdLines(condition, (comparison, isLeave) =>
        t(isLeave ? 'rule.endsLine' : 'rule.firesLine', { compare: lineWords(t, comparison) }),
      )
    : []
  const count = { count: series.length, shown: formatNumber(series.length) }
  const summary = t('rule.chartSummary', { ...count, hours: t(`rule.hours.${hours as 1 | 6 | 24}`) })
  return (
    <TimeSeriesChart
      title={reading.selector}
      unit={series[0]?.unit || t(`rule.functionName.${reading.function ?? 'last'}`)}
      summary={truncated ? `${summary}. ${t('rule.moreSeries', count)}` : summary}
      domain={domain}
      series={drawn}
      formatValue={short}
      lines={lines}
      spans={spans}
    />
  )
}

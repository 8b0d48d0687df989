import type { AnomalyDetail } from '@cloudops/api-client'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { assignColors, MOST_SERIES, OTHER_COLOR } from '@/components/Charts/series'
import { TimeSeriesChart } from '@/components/Charts/TimeSeriesChart'
import type { TimeSeries } from '@/components/Charts/timeScale'
import { labelText } from '../rules'
import { valueText } from '../values'

/** The series around an anomaly: where it was, its most surprising value, and between which values that was expected. */
export function AnomalyChart({ anomaly }: { anomaly: AnomalyDetail }) {
  const { t } = useTranslation()
  const { around, name, value, expected } = anomaly
  const unit = around.series[0]?.unit ?? ''
  const stepMs = around.step_seconds * 1000
  const domain = useMemo(
    () => ({ fromMs: Date.parse(around.from), toMs: Date.parse(around.to) }),
    [around.from, around.to],
  )
  const series = useMemo((): TimeSeries[] => {
    const ids = around.series.slice(0, MOST_SERIES).map(({ id }) => id)
    const colors = assignColors(ids)
    return around.series.map((one) => ({
      id: one.id,
      label: around.series.length > 1 ? `${one.name} ${labelText(one.labels)}` : one.name,
      color: colors[one.id] ?? OTHER_COLOR,
      fromMs: domain.fromMs,
      stepMs,
      values: one.values,
    }))
  }, [around.series, domain, stepMs])
  const endMs = Math.max(Date.parse(anomaly.ended_at ?? anomaly.last_at), Date.parse(anomaly.last_at) + stepMs)
  const span = {
    fromMs: Date.parse(anomaly.started_at),
    toMs: anomaly.state === 'open' ? domain.toMs : endMs,
    label: t(`anomaly.kindName.${anomaly.kind}`),
    color: 'var(--high)',
  }
  const lines = [
    { value: expected.low, label: t('anomaly.expectedLow') },
    { value: expected.high, label: t('anomaly.expectedHigh') },
  ].flatMap((line) => (line.value === null ? [] : [{ ...line, value: line.value }]))
  const write = (number: number) => valueText(number, name, unit)
  const marked = value === null ? null : markOf(series[0], value, span.fromMs, endMs)
  return (
    <TimeSeriesChart
      title={name}
      unit={unit}
      summary={
        value === null || expected.low === null || expected.high === null
          ? t('anomaly.chartPlain', { kind: t(`anomaly.kindName.${anomaly.kind}`) })
          : t('anomaly.chartSummary', { value: write(value), low: write(expected.low), high: write(expected.high) })
      }
      domain={domain}
      series={series}
      formatValue={write}
      lines={lines}
      spans={[span]}
      marks={
        marked === null || value === null
          ? []
          : [{ id: anomaly.id, atMs: marked, value, label: write(value), color: 'var(--high)' }]
      }
    />
  )
}

/** The step of the episode whose value is nearest to the most surprising one. */
function markOf(series: TimeSeries | undefined, value: number, fromMs: number, toMs: number): number | null {
  if (!series) return null
  let best: { atMs: number; distance: number } | null = null
  series.values.forEach((one, index) => {
    const atMs = series.fromMs + index * series.stepMs
    if (one === null || atMs + series.stepMs <= fromMs || atMs > toMs) return
    const distance = Math.abs(one - value)
    if (!best || distance < best.distance) best = { atMs, distance }
  })
  return (best as { atMs: number } | null)?.atMs ?? null
}

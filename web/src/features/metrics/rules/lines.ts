import type { PointsRead, SeriesPoints } from '@cloudops/api-client'
import { MOST_SERIES, OTHER_COLOR } from '@/components/Charts/series'
import type { TimeSeries } from '@/components/Charts/timeScale'
import { type Unit, unitOf } from '@/services/units'

/** A line of the explorer with what its legend tells. */
export type Line = TimeSeries & {
  unit: Unit
  resourceId: string | null
  isBefore: boolean
  last: number | null
  min: number | null
  mean: number | null
  max: number | null
}

export type Answer = { points: PointsRead; isBefore: boolean; shiftMs: number; beforeWord: string }

const NOT_SHOWN = new Set(['__name__'])

/** What tells each series from the others: its name where names differ, and the labels that do. */
export function labelsOf(series: Pick<SeriesPoints, 'name' | 'labels'>[]): string[] {
  const keys = new Set(series.flatMap(({ labels }) => Object.keys(labels)))
  const differing = [...keys]
    .filter((key) => !NOT_SHOWN.has(key) && new Set(series.map(({ labels }) => labels[key])).size > 1)
    .sort()
  const hasNames = new Set(series.map(({ name }) => name)).size > 1
  return series.map(({ name, labels }) => {
    const parts = differing.flatMap((key) => (labels[key] ? [`${key}=${labels[key]}`] : []))
    return [...(hasNames || parts.length === 0 ? [name] : []), ...parts].join(' ')
  })
}

function figuresOf(values: (number | null)[]) {
  const known = values.filter((value): value is number => value !== null)
  if (known.length === 0) return { last: null, min: null, mean: null, max: null }
  return {
    last: known.at(-1) ?? null,
    min: known.reduce((a, b) => Math.min(a, b)),
    mean: known.reduce((sum, value) => sum + value, 0) / known.length,
    max: known.reduce((a, b) => Math.max(a, b)),
  }
}

const COLORS = Array.from({ length: MOST_SERIES }, (_, index) => `var(--series-${index + 1})`)

/** Lines of all answers, the highest first. The first four have colours, the others are grey until pointed at. */
export function linesOf(answers: Answer[]): Line[] {
  const all = answers.flatMap((answer) => answer.points.series.map((series) => ({ answer, series })))
  const labels = labelsOf(all.map(({ series }) => series))
  const lines = all.map(({ answer, series }, index) => {
    const { points, isBefore, shiftMs, beforeWord } = answer
    return {
      id: `${points.function}-${series.id}${isBefore ? '-before' : ''}`,
      pair: `${points.function}-${series.id}`,
      label: `${labels[index]}${isBefore ? ` · ${beforeWord}` : ''}`,
      fromMs: Date.parse(points.from) + shiftMs,
      stepMs: points.step_seconds * 1_000,
      values: series.values,
      isDashed: isBefore,
      isBefore,
      unit: unitOf(series.unit, series.name, points.function),
      resourceId: series.resource_id,
      ...figuresOf(series.values),
    }
  })
  // The same series may be asked for twice.
  const unique = [...new Map(lines.map((line) => [line.id, line])).values()]
  const heights = new Map(unique.filter(({ isBefore }) => !isBefore).map(({ pair, max }) => [pair, max ?? -Infinity]))
  const order = [...heights].sort(([, a], [, b]) => b - a).map(([pair]) => pair)
  const rank = (pair: string) => (heights.has(pair) ? order.indexOf(pair) : order.length)
  return unique
    .sort((a, b) => rank(a.pair) - rank(b.pair) || Number(a.isBefore) - Number(b.isBefore))
    .map(({ pair, ...line }) => ({ ...line, color: COLORS[rank(pair)] ?? OTHER_COLOR }))
}

/** Lines of one unit share a chart; there is never a second axis. */
export function chartsOf(lines: Line[]): { unit: Unit; lines: Line[] }[] {
  const charts = new Map<string, { unit: Unit; lines: Line[] }>()
  for (const line of lines) {
    const key = JSON.stringify(line.unit)
    const chart = charts.get(key) ?? { unit: line.unit, lines: [] }
    chart.lines.push(line)
    charts.set(key, chart)
  }
  return [...charts.values()]
}

const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** All lines with exact times, a row an instant. */
export function csvOf(lines: Line[]): string {
  const rows = new Map<number, Map<string, number>>()
  for (const { id, values, fromMs, stepMs } of lines) {
    values.forEach((value, index) => {
      if (value === null) return
      const at = fromMs + index * stepMs
      const row = rows.get(at) ?? new Map<string, number>()
      rows.set(at, row.set(id, value))
    })
  }
  const head = ['time', ...lines.map(({ label }) => cell(label))].join(',')
  const body = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([at, row]) => [new Date(at).toISOString(), ...lines.map(({ id }) => row.get(id) ?? '')].join(','))
  return `${[head, ...body].join('\n')}\n`
}

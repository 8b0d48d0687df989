import { assignColors, MOST_SERIES, OTHER_COLOR } from '@/components/Charts/series'
import type { TimeSpan, ValueLine } from '@/components/Charts/TimePlot'
import type { TimeSeries } from '@/components/Charts/timeScale'
import { partsOf } from './condition'
import type { Comparison, Condition, Part } from './types'

type Labels = Record<string, string>
export type SeriesValues = { labels: Labels; values: (number | null)[] }

/** What tells these label sets apart: labels that all have with one value are left out of their names. */
export function seriesNames(sets: Labels[]): string[] {
  const names = [...new Set(sets.flatMap((labels) => Object.keys(labels)))].filter((name) => name !== '__name__').sort()
  const telling = names.filter((name) => new Set(sets.map((labels) => labels[name] ?? '')).size > 1)
  return sets.map((labels) => {
    const shown = (telling.length > 0 ? telling : names).filter((name) => labels[name])
    return shown.map((name) => `${name}=${labels[name]}`).join(', ') || labels.__name__ || '{}'
  })
}

/** Lines for a chart; those after the fourth share one grey. */
export function linesOf(series: SeriesValues[], fromMs: number, stepMs: number): TimeSeries[] {
  const names = seriesNames(series.map(({ labels }) => labels))
  const ids = series.map((_, index) => String(index))
  const colors = assignColors(ids.slice(0, MOST_SERIES))
  return series.map(({ values }, index) => ({
    id: String(index),
    label: names[index] ?? '',
    color: colors[String(index)] ?? OTHER_COLOR,
    fromMs,
    stepMs,
    values,
  }))
}

const comparisonsOf = (part: Part): [Comparison, Comparison | null] | null =>
  part.kind === 'absence' ? null : [part.enter, part.leave ?? null]

/** The numbers that the values are put beside. Only for one condition: several have different axes. */
export function thresholdLines(condition: Condition, word: (comparison: Comparison, isLeave: boolean) => string) {
  const parts = partsOf(condition)
  const found = parts.length === 1 && parts[0] ? comparisonsOf(parts[0]) : null
  if (!found) return []
  const [enter, leave] = found
  const lines: ValueLine[] = [{ value: enter.threshold, label: word(enter, false), color: 'var(--critical)' }]
  if (leave) lines.push({ value: leave.threshold, label: word(leave, true), color: 'var(--ok)' })
  return lines
}

type Fired = { labels: Labels; fired_at: string | null; ended_at?: string | null }

/** The stretches in which label sets fired; what has not ended goes on to `toMs`. */
export function firingSpans(fired: Fired[], toMs: number, word: (name: string) => string): TimeSpan[] {
  const names = seriesNames(fired.map(({ labels }) => labels))
  return fired.flatMap(({ fired_at, ended_at }, index) =>
    fired_at
      ? [
          {
            fromMs: Date.parse(fired_at),
            toMs: ended_at ? Date.parse(ended_at) : toMs,
            label: word(names[index] ?? ''),
            color: 'var(--critical)',
          },
        ]
      : [],
  )
}

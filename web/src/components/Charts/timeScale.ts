/** One line over time: value i is of the step that begins at `fromMs` plus i times `stepMs`; null where nothing is known. */
export type TimeSeries = {
  id: string
  label: string
  color: string
  fromMs: number
  stepMs: number
  values: (number | null)[]
  /** For what is compared with, or foretold. */
  isDashed?: boolean
}

/** Milliseconds; the end is excluded. */
export type TimeDomain = { fromMs: number; toMs: number }

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 7, 14, 30, 60, 90].map((count) => count * DAY),
]
/** Where points lie further apart than this many of their usual distances, the line is broken. */
const GAP_DISTANCES = 2.5

/** Round instants between the ends, at most `most`, on the clock of the person who looks. */
export function timeTicks({ fromMs, toMs }: TimeDomain, most: number): number[] {
  const step = TIME_STEPS.find((size) => (toMs - fromMs) / size <= most) ?? toMs - fromMs
  if (step <= 0) return []
  const offset = new Date(fromMs).getTimezoneOffset() * MINUTE
  const ticks: number[] = []
  for (let at = Math.ceil((fromMs - offset) / step) * step + offset; at <= toMs; at += step) ticks.push(at)
  return ticks
}

/** Round values that take in the lowest and the highest; the first and the last are the axis' ends. */
export function valueTicks(low: number, high: number, count = 4): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power
  const first = Math.floor(low / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(Math.max(high, low + span) / step - 1e-9))
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}

/** The lowest and highest value; zero is one of them, so that heights can be compared. */
export function valueRange(series: TimeSeries[], others: number[] = []): [number, number] {
  let [low, high] = [Math.min(0, ...others), Math.max(0, ...others)]
  for (const { values } of series) {
    for (const value of values) {
      if (value === null) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return [low, high]
}

/** How far two neighbouring points of a line may lie apart, in steps: what comes every five minutes has no gaps. */
function widestJoin(values: (number | null)[]): number {
  const distances: number[] = []
  let before = -1
  values.forEach((value, index) => {
    if (value === null) return
    if (before >= 0) distances.push(index - before)
    before = index
  })
  distances.sort((a, b) => a - b)
  return (distances[Math.floor(distances.length / 2)] ?? 1) * GAP_DISTANCES
}

/** The drawn line: steps at their beginnings, broken where values are missing. */
export function linePath(series: TimeSeries, x: (ms: number) => number, y: (value: number) => number): string {
  const { values, fromMs, stepMs } = series
  const widest = widestJoin(values)
  const parts: string[] = []
  let before = Number.NEGATIVE_INFINITY
  values.forEach((value, index) => {
    if (value === null) return
    const place = `${x(fromMs + index * stepMs).toFixed(1)} ${y(value).toFixed(1)}`
    // A point by itself is drawn by its round ends.
    parts.push(index - before > widest ? `M${place}h0.01` : `L${place}`)
    before = index
  })
  return parts.join('')
}

/** The series' value at an instant: of that step, or of the known one near it. */
export function valueAt(series: TimeSeries, atMs: number): number | null {
  const { values, fromMs, stepMs } = series
  const index = Math.floor((atMs - fromMs) / stepMs)
  const reach = Math.ceil(widestJoin(values) / 2)
  for (let away = 0; away <= reach; away++) {
    const value = values[index - away] ?? values[index + away]
    if (value !== null && value !== undefined) return value
  }
  return null
}

/** All instants at which any of the series has a step, in order. */
export function instantsOf(series: TimeSeries[]): number[] {
  const instants = new Set<number>()
  for (const { values, fromMs, stepMs } of series) {
    values.forEach((value, index) => {
      if (value !== null) instants.add(fromMs + index * stepMs)
    })
  }
  return [...instants].sort((a, b) => a - b)
}

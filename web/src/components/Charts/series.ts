/** One band or bar colour of a chart. */
export type Series = { id: string; label: string; color: string }
/** One step of the time axis: a day ("2026-11-03") or a month, and what each series has there. */
export type Point = { at: string; values: Record<string, number> }
export type SeriesChartData = { series: Series[]; points: Point[] }

/** At most four colours a chart; the rest is one grey band. */
export const MOST_SERIES = 4
export const OTHER_SERIES = '__other__'
const COLORS = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)']
export const OTHER_COLOR = 'var(--series-other)'

/**
 * Colours for series in order of size. `fixed` are colours that belong to an id wherever it appears, so the others take
 * what is left.
 */
export function assignColors(ids: string[], fixed: Record<string, string> = {}): Record<string, string> {
  const taken = new Set(ids.map((id) => fixed[id]))
  const free = COLORS.filter((color) => !taken.has(color))
  const colors: Record<string, string> = {}
  for (const id of ids) colors[id] = id === OTHER_SERIES ? OTHER_COLOR : (fixed[id] ?? free.shift() ?? OTHER_COLOR)
  return colors
}

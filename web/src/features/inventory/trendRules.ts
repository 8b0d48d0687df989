import { assignColors, MOST_SERIES, OTHER_SERIES, type SeriesChartData } from '@/components/Charts/series'
import type { Trends } from '@/types/api'

/** Lines of a trend as bands: the largest four, the rest as one. `nameOf` says what a key is called. */
export function trendSeries(
  { items }: Pick<Trends, 'items'>,
  nameOf: (key: string, name: string | null) => string,
  otherName: string,
  fixed: Record<string, string> = {},
  /** A whole of the same days, where `items` may be only the largest lines of it. */
  whole?: Pick<Trends, 'items'>,
): SeriesChartData {
  const shown = items.slice(0, MOST_SERIES)
  const rest = items.slice(MOST_SERIES)
  const totals = new Map<string, number>()
  for (const { day, count } of (whole ?? { items }).items.flatMap(({ points }) => points)) {
    totals.set(day, (totals.get(day) ?? 0) + count)
  }
  const days = [...new Set(items.flatMap(({ points }) => points.map(({ day }) => day)))].sort()
  const counts = new Map(items.map(({ key, points }) => [key, new Map(points.map(({ day, count }) => [day, count]))]))
  const ids = [...shown.map(({ key }) => key), ...(rest.length > 0 ? [OTHER_SERIES] : [])]
  const colors = assignColors(ids, fixed)
  return {
    series: [
      ...shown.map(({ key, name }) => ({ id: key, label: nameOf(key, name), color: colors[key] ?? '' })),
      ...(rest.length > 0 ? [{ id: OTHER_SERIES, label: otherName, color: colors[OTHER_SERIES] ?? '' }] : []),
    ],
    points: days.map((day) => ({
      at: day,
      values: {
        ...Object.fromEntries(shown.map(({ key }) => [key, counts.get(key)?.get(day) ?? 0])),
        ...(rest.length > 0
          ? {
              [OTHER_SERIES]: Math.max(
                0,
                (totals.get(day) ?? 0) - shown.reduce((sum, { key }) => sum + (counts.get(key)?.get(day) ?? 0), 0),
              ),
            }
          : {}),
      },
    })),
  }
}

const sumOf = (values: Record<string, number>) => Object.values(values).reduce((sum, value) => sum + value, 0)

/** The first and last day's totals. */
export function trendEnds({ points }: SeriesChartData): { first: number; last: number } {
  return { first: sumOf(points[0]?.values ?? {}), last: sumOf(points.at(-1)?.values ?? {}) }
}

import {
  assignColors,
  MOST_SERIES,
  OTHER_SERIES,
  type Point,
  type Series,
  type SeriesChartData,
} from '@/components/Charts/series'
import type { DayRange } from '@/hooks/useTimeRange'
import type { CostBreakdown, Money } from '@/types/api'

/** Stands for "the bill names none" among group ids, which are otherwise the bill's own words. */
export const NO_VALUE = '__none__'

export type CostRow = {
  id: string
  amount: number
  before: number | null
  changePercent: number | null
  sharePercent: number
}

const DAY_MS = 86_400_000

/**
 * The range without days at its end that no bill covers yet: they would pass for days without cost, in the average and
 * in the comparison. `lastOn` is the last day with costs.
 */
export function endAtLastBill(range: DayRange, lastOn: string | null): DayRange {
  if (!lastOn || lastOn < range.from) return range
  const end = new Date(Date.parse(lastOn) + DAY_MS).toISOString().slice(0, 10)
  if (end >= range.to) return range
  return { from: range.from, to: end, days: (Date.parse(end) - Date.parse(range.from)) / DAY_MS }
}

/** Where sums come in several currencies, the one with the largest; null without costs. */
export function mainCurrency(totals: Money[]): string | null {
  const [largest] = [...totals].sort((a, b) => Math.abs(Number(b.amount)) - Math.abs(Number(a.amount)))
  return largest?.currency ?? null
}

export const totalIn = (totals: Money[], currency: string | null): number =>
  Number(totals.find((sum) => sum.currency === currency)?.amount ?? 0)

/** Sum per group in one currency. Groups whose cost is unknown have no entry. */
export function sumByGroup({ items }: CostBreakdown, dimension: string, currency: string | null): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { group, cost } of items) {
    if (!cost || cost.currency !== currency) continue
    const id = group[dimension] ?? NO_VALUE
    sums.set(id, (sums.get(id) ?? 0) + Number(cost.amount))
  }
  return sums
}

/** Groups by cost, each with its share and its change since the period before. */
export function costRows(now: Map<string, number>, before: Map<string, number> | null): CostRow[] {
  const total = [...now.values()].reduce((sum, amount) => sum + Math.max(0, amount), 0)
  const ids = new Set([...now.keys(), ...(before?.keys() ?? [])])
  return [...ids]
    .map((id) => {
      const amount = now.get(id) ?? 0
      const old = before ? (before.get(id) ?? 0) : null
      return {
        id,
        amount,
        before: old,
        changePercent: old ? ((amount - old) / Math.abs(old)) * 100 : null,
        sharePercent: total > 0 ? (amount / total) * 100 : 0,
      }
    })
    .sort((a, b) => b.amount - a.amount)
}

type StackOptions = {
  dimension: string
  currency: string | null
  label: (id: string) => string
  otherLabel: string
  fixedColors?: Record<string, string>
}

/** The four largest groups over time, the rest as one grey series. */
export function stackByPeriod(breakdown: CostBreakdown, options: StackOptions): SeriesChartData {
  const { dimension, currency, label, otherLabel, fixedColors } = options
  const sums = [...sumByGroup(breakdown, dimension, currency)].sort((a, b) => b[1] - a[1])
  const kept = sums.slice(0, MOST_SERIES).map(([id]) => id)
  const hasOther = sums.length > MOST_SERIES
  const ids = hasOther ? [...kept, OTHER_SERIES] : kept
  const colors = assignColors(ids, fixedColors)
  const series: Series[] = ids.map((id) => ({
    id,
    label: id === OTHER_SERIES ? otherLabel : label(id),
    color: colors[id] ?? '',
  }))
  const points = new Map<string, Point>()
  for (const { group, period, cost } of breakdown.items) {
    if (!period || !cost || cost.currency !== currency) continue
    const id = group[dimension] ?? NO_VALUE
    const shown = kept.includes(id) ? id : OTHER_SERIES
    const point = points.get(period) ?? { at: period, values: {} }
    point.values[shown] = (point.values[shown] ?? 0) + Number(cost.amount)
    points.set(period, point)
  }
  return { series, points: [...points.values()].sort((a, b) => a.at.localeCompare(b.at)) }
}

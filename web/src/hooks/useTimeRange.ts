import { parseAsString, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { useNow } from './useNow'

export const RANGES = ['7d', '30d', 'mtd', '90d', '12m'] as const
export type RangeName = (typeof RANGES)[number]
export const DEFAULT_RANGE: RangeName = '30d'

/** Days in UTC; `to` is exclusive, as in the API. */
export type DayRange = { from: string; to: string; days: number }

const DAY_MS = 86_400_000
export const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const startOfDay = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS

/** What a range in the URL means today. Hand-picked ranges are `2026-10-01..2026-10-31`, both days included. */
export function resolveRange(name: string, nowMs: number): DayRange {
  const tomorrow = startOfDay(nowMs) + DAY_MS
  const picked = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(name)
  if (picked) {
    const [from, last] = [Date.parse(picked[1] ?? ''), Date.parse(picked[2] ?? '')]
    if (from <= last) return { from: toDay(from), to: toDay(last + DAY_MS), days: (last - from) / DAY_MS + 1 }
  }
  const now = new Date(nowMs)
  const starts: Record<RangeName, number> = {
    '7d': tomorrow - 7 * DAY_MS,
    '30d': tomorrow - 30 * DAY_MS,
    mtd: Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1),
    '90d': tomorrow - 90 * DAY_MS,
    '12m': Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 11, 1),
  }
  const from = starts[name as RangeName] ?? starts[DEFAULT_RANGE]
  return { from: toDay(from), to: toDay(tomorrow), days: (tomorrow - from) / DAY_MS }
}

/** The equally long stretch of days just before, to compare with. */
export function previousRange({ from, days }: DayRange): DayRange {
  const start = Date.parse(from)
  return { from: toDay(start - days * DAY_MS), to: from, days }
}

/** The time range in the URL. */
export function useTimeRange() {
  const [name, setName] = useQueryState(
    'range',
    parseAsString.withDefault(DEFAULT_RANGE).withOptions({ history: 'push', clearOnDefault: true }),
  )
  const today = toDay(useNow())
  const range = useMemo(() => resolveRange(name, Date.parse(today)), [name, today])
  return { name, range, setName }
}

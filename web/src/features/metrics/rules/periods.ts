import type { TimeDomain } from '@/components/Charts/timeScale'

export const PERIODS = ['1h', '3h', '6h', '24h', '3d', '7d', '14d', '30d', '90d'] as const
/** One of PERIODS, or two instants picked by hand: `2026-11-20T10:00Z..2026-11-20T12:00Z`. */
export type Period = string
export const DEFAULT_PERIOD = '6h'

const HOUR = 3_600_000
const UNITS: Record<string, number> = { h: HOUR, d: 24 * HOUR }

function picked(period: Period): TimeDomain | null {
  const [from = '', to = ''] = period.split('..')
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  return fromMs < toMs ? { fromMs, toMs } : null
}

export const isPicked = (period: Period): boolean => picked(period) !== null

/** The instants that a period means now; `isBefore` is the equally long time before it. */
export function resolvePeriod(period: Period, nowMs: number, isBefore = false): TimeDomain {
  const known = PERIODS.find((name) => name === period) ?? DEFAULT_PERIOD
  const length = Number.parseInt(known, 10) * (UNITS[known.slice(-1)] ?? HOUR)
  const { fromMs, toMs } = picked(period) ?? { fromMs: nowMs - length, toMs: nowMs }
  return isBefore ? { fromMs: fromMs - (toMs - fromMs), toMs: fromMs } : { fromMs, toMs }
}

const MINUTE = 60_000
const word = (ms: number) => `${new Date(ms).toISOString().slice(0, 16)}Z`

/** The period between two instants, in whole minutes. */
export const pickPeriod = ({ fromMs, toMs }: TimeDomain): Period => {
  const start = Math.floor(fromMs / MINUTE) * MINUTE
  return `${word(start)}..${word(Math.max(start + MINUTE, Math.ceil(toMs / MINUTE) * MINUTE))}`
}

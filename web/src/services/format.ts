import type { Money } from '@/types/api'
import { i18n } from './i18n'

const locale = () => i18n.language || 'en'

type MoneyStyle = { whole?: boolean; compact?: boolean }

/** "$1,234.56"; a currency that ISO 4217 does not know (credits, tokens) stands behind its amount. */
export function formatMoney({ amount, currency }: Money, { whole, compact }: MoneyStyle = {}): string {
  const value = Number(amount)
  const digits = compact ? short(value) : decimals(value, whole)
  try {
    return new Intl.NumberFormat(locale(), { style: 'currency', currency, ...digits }).format(value)
  } catch {
    return `${new Intl.NumberFormat(locale(), digits).format(value)} ${currency}`
  }
}

/** For axes: "$1.2K", "$60", "$0.45". Small ones keep cents, or equal steps would read as unequal. */
function short(value: number) {
  const cents = value !== 0 && Math.abs(value) < 10 ? 2 : 0
  return { notation: 'compact' as const, minimumFractionDigits: cents, maximumFractionDigits: cents || 1 }
}

function decimals(value: number, whole = false) {
  if (whole && Math.abs(value) >= 100) return { minimumFractionDigits: 0, maximumFractionDigits: 0 }
  // Cents would hide what a small resource costs.
  const small = value !== 0 && Math.abs(value) < 0.01
  return { minimumFractionDigits: 2, maximumFractionDigits: small ? 6 : 2 }
}

/** Sums of several currencies stay apart: "$12.00 + €3.00". */
export function formatMoneyList(sums: Money[], style?: MoneyStyle): string {
  return sums.map((sum) => formatMoney(sum, style)).join(' + ')
}

export const formatNumber = (value: number, options?: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat(locale(), options).format(value)

export const formatPercent = (value: number, digits = 1) =>
  new Intl.NumberFormat(locale(), {
    style: 'percent',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value / 100)

/** A share that is not the whole must not read as 100 %: one decimal near the ends. */
export const formatCoverage = (percent: number) => formatPercent(percent, percent > 99 && percent < 100 ? 1 : 0)

/** The exact instant with its zone, for tooltips. */
export const formatInstant = (iso: string) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(iso))

/** A calendar day of a bill ("2026-11-03"); bills count days in UTC. */
export const formatDay = (on: string, options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' }) =>
  new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', ...options }).format(new Date(`${on.slice(0, 10)}T00:00:00Z`))

export const formatMonth = (month: string) => formatDay(`${month.slice(0, 7)}-01`, { month: 'long', year: 'numeric' })

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "4 min ago"; under a minute it is "just now". */
export function formatAge(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000)
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? [null, 1]
  if (unit === null) return i18n.t('time.justNow')
  return new Intl.RelativeTimeFormat(locale(), { style: 'short', numeric: 'always' }).format(
    Math.trunc(seconds / size),
    unit,
  )
}

/** "3 min 20 s" between two instants; the second may be now. */
export function formatDuration(fromIso: string, toMs: number): string {
  const seconds = Math.max(0, Math.round((toMs - Date.parse(fromIso)) / 1000))
  const part = (value: number, unit: 'hour' | 'minute' | 'second') =>
    formatNumber(value, { style: 'unit', unit, unitDisplay: 'narrow' })
  if (seconds < 60) return part(seconds, 'second')
  if (seconds < 3_600) return `${part(Math.floor(seconds / 60), 'minute')} ${part(seconds % 60, 'second')}`
  return `${part(Math.floor(seconds / 3_600), 'hour')} ${part(Math.floor((seconds % 3_600) / 60), 'minute')}`
}

/** Cuts a long id in the middle, where ARNs say the least. */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text
  const head = Math.ceil((length - 1) * 0.45)
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

/** "4.2 MB", in steps of 1,000. */
export function formatBytes(bytes: number): string {
  const step = bytes >= 1 ? Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0
  return formatNumber(bytes / 1000 ** step, {
    style: 'unit',
    unit: BYTE_UNITS[step],
    unitDisplay: 'short',
    maximumFractionDigits: step > 0 ? 1 : 0,
  })
}

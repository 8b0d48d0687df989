import { i18n } from './i18n'

/** What a metric's numbers are of. `share`: 1 is the whole. */
export type Unit = { kind: 'bytes' | 'seconds' | 'percent' | 'share' | 'number'; isRate: boolean; word: string }

const KINDS: [RegExp, Unit['kind'], number][] = [
  [/^(by|bytes?|b)$/, 'bytes', 1],
  [/^(s|sec|seconds?)$/, 'seconds', 1],
  [/^(%|percent)$/, 'percent', 1],
  [/^(ratio)$/, 'share', 1],
]
const SUFFIXES: [RegExp, Unit['kind']][] = [
  [/_bytes(_total)?$/, 'bytes'],
  [/_seconds(_total|_sum)?$/, 'seconds'],
  [/_percent$/, 'percent'],
  [/_(ratio|utilization)$/, 'share'],
]

/** The unit of what a function makes of a metric; `told` is what the metric's sender says (UCUM or plain words). */
export function unitOf(told: string, name: string, operation: string): Unit {
  const [base = '', per] = told.toLowerCase().split('/')
  const isRate = operation === 'rate' || per === 's' || per === 'second'
  if (operation === 'count') return { kind: 'number', isRate: false, word: '' }
  const byUnit = KINDS.find(([pattern]) => pattern.test(base))
  const bySuffix = base === '' || base === '1' ? SUFFIXES.find(([pattern]) => pattern.test(name)) : undefined
  const kind = byUnit?.[1] ?? bySuffix?.[1] ?? 'number'
  const word = kind === 'number' && base !== '1' && !base.startsWith('{') ? base : ''
  // Seconds of a processor in a second are a share of it.
  if (kind === 'seconds' && isRate) return { kind: 'number', isRate: false, word: 's/s' }
  return { kind, isRate, word }
}

const formats = new Map<string, Intl.NumberFormat>()

function write(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify(options)
  let format = formats.get(key)
  // Making one takes longer than writing a hundred numbers with it.
  if (!format) formats.set(key, (format = new Intl.NumberFormat(i18n.language || 'en', options)))
  return format.format(value)
}

const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte']
const TIMES: [number, string][] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
  [0.001, 'millisecond'],
  [0, 'microsecond'],
]

const digitsOf = (value: number) => ({ maximumSignificantDigits: Math.abs(value) >= 100 ? 4 : 3 })

/** "4.2 MB/s", "12.5%", "340 ms", "1.2K". */
export function formatUnit(value: number, { kind, isRate, word }: Unit): string {
  const rate = isRate ? '/s' : ''
  if (kind === 'percent' || kind === 'share') {
    const percent = kind === 'share' ? value * 100 : value
    return `${write(percent, digitsOf(percent))}%${rate}`
  }
  if (kind === 'bytes') {
    const size = Math.abs(value)
    const step = size >= 1 ? Math.min(BYTES.length - 1, Math.floor(Math.log10(size) / 3 + 1e-9)) : 0
    const shown = value / 1000 ** step
    return write(shown, { style: 'unit', unit: BYTES[step], unitDisplay: 'short', ...digitsOf(shown) }) + rate
  }
  if (kind === 'seconds') {
    const size = Math.abs(value)
    const [length, unit] = (size === 0 ? TIMES[3] : TIMES.find(([least]) => size >= least)) ?? [1, 'second']
    const shown = value / (length || 1e-6)
    return write(shown, { style: 'unit', unit, unitDisplay: 'short', ...digitsOf(shown) })
  }
  const compact = Math.abs(value) >= 10_000 ? { notation: 'compact' as const } : {}
  return `${write(value, { ...compact, ...digitsOf(value) })}${word ? ` ${word}` : ''}${rate}`
}

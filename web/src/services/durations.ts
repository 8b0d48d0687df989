const UNITS: [string, number][] = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]
const SIZES = new Map(UNITS)
const WHOLE = /^(?:\d+[wdhms])+$/

/** Seconds of "5m", "1h 30m" or "0"; null for what is no duration. */
export function parseDuration(text: string): number | null {
  const compact = text.replaceAll(/\s/g, '').toLowerCase()
  if (compact === '0') return 0
  if (!WHOLE.test(compact)) return null
  let seconds = 0
  for (const [, count, unit] of compact.matchAll(/(\d+)([wdhms])/g))
    seconds += Number(count) * (SIZES.get(unit ?? '') ?? 0)
  return seconds
}

/** "1h 30m" of 5400, as a person would type it. */
export function durationText(seconds: number): string {
  let left = Math.max(0, Math.round(seconds))
  const parts: string[] = []
  for (const [unit, size] of UNITS.slice(1)) {
    if (left >= size) parts.push(`${Math.floor(left / size)}${unit}`)
    left %= size
  }
  return parts.join(' ') || '0s'
}

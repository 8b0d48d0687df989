export type Range = { least: number; most: number }

/** The bounds that a whole number misses; null when it is within. */
export function rangeProblem(text: string, least: number, most: number): Range | null {
  const value = Number(text)
  const fits = text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most
  return fits ? null : { least, most }
}

export type NumberField = 'mfa_grace_days' | 'web_idle_minutes' | 'web_absolute_hours' | 'native_idle_days'

/** Sessions may be made shorter than the product's, never longer. */
export const POLICY_RANGES: Record<NumberField, Range> = {
  mfa_grace_days: { least: 0, most: 30 },
  web_idle_minutes: { least: 5, most: 720 },
  web_absolute_hours: { least: 1, most: 168 },
  native_idle_days: { least: 1, most: 30 },
}

export function policyProblems(texts: Record<NumberField, string>): Partial<Record<NumberField, Range>> {
  const problems: Partial<Record<NumberField, Range>> = {}
  for (const [name, { least, most }] of Object.entries(POLICY_RANGES) as [NumberField, Range][]) {
    const problem = rangeProblem(texts[name], least, most)
    if (problem) problems[name] = problem
  }
  return problems
}

export const KEPT_KINDS = ['events', 'audit', 'metrics', 'history', 'alerts', 'jobs'] as const
export type KeptKind = (typeof KEPT_KINDS)[number]

/** How full a quota is, and from when it wants a look. Null without a limit. */
export function usedPercent({ limit, used }: { limit: number | null; used: number }): number | null {
  if (limit === null) return null
  if (limit === 0) return used > 0 ? 100 : 0
  return Math.min(100, (used / limit) * 100)
}

const NEARLY_FULL_PERCENT = 80

export const quotaTone = (percent: number | null) =>
  percent === null ? 'neutral' : percent >= 100 ? 'bad' : percent >= NEARLY_FULL_PERCENT ? 'warning' : 'ok'

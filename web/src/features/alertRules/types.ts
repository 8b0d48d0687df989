import type {
  Absence,
  Combination,
  Comparison,
  Promql,
  Ratio,
  Reading,
  RuleRead,
  RuleWrite,
  Threshold,
} from '@cloudops/api-client'

export type { Combination, Comparison, Reading }
export type Part = (Threshold & { kind: 'threshold' }) | Ratio | Absence
export type Condition = Part | Promql | Combination

export type { RuleDetail, RuleInstanceRead as RuleInstance, RuleRead as Rule } from '@cloudops/api-client'
export type RuleState = RuleRead['state']
export type RuleHealth = RuleRead['health']
export type NoData = RuleRead['no_data']
export type OnError = RuleRead['on_error']

/** A rule as it is sent; whether it is on, and the version it was read at, come beside it. */
export type RuleBody = Required<Omit<RuleWrite, 'enabled' | 'condition'>> & { condition: Condition }

/** One time that a label set fired, or nearly did (`fired_at` null). */
export type Episode = {
  labels: Record<string, string>
  active_at: string
  fired_at: string | null
  ended_at: string | null
  value: number | null
}

export type Backtest = {
  condition: Condition
  fromMs: number
  toMs: number
  stepMs: number
  series: { labels: Record<string, string>; values: (number | null)[] }[]
  episodes: Episode[]
  near_misses: Episode[]
  errors: { at: string; error: string }[]
  messages: number
  difference: { added: Episode[]; removed: Episode[]; kept: number } | null
}

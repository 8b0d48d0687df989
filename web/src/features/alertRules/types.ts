import type {
  Absence,
  Anomaly,
  Combination,
  Comparison,
  Compliance,
  Cost,
  InventoryChange,
  Promql,
  Ratio,
  Reading,
  RuleRead,
  RuleWrite,
  Threshold,
} from '@cloudops/api-client'

export type { Combination, Comparison, Cost, InventoryChange, Reading }
export type Part = (Threshold & { kind: 'threshold' }) | Ratio | Absence
/** A condition on other data than samples. */
export type Fact = Anomaly | Cost | Compliance | InventoryChange
export type Condition = Part | Promql | Combination | Fact

export type {
  BacktestResult,
  EpisodeRead as Episode,
  RuleDetail,
  RuleInstanceRead as RuleInstance,
  RuleRead as Rule,
} from '@cloudops/api-client'
export type RuleState = RuleRead['state']
export type RuleHealth = RuleRead['health']
export type NoData = RuleRead['no_data']
export type OnError = RuleRead['on_error']

/** A rule as it is sent; whether it is on, and the version it was read at, come beside it. */
export type RuleBody = Required<Omit<RuleWrite, 'enabled' | 'condition'>> & { condition: Condition }

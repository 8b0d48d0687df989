import { durationText, parseDuration } from '@/services/durations'
import { type Errors, namesIn } from './condition'
import type { Comparison, Condition, Cost, Fact, InventoryChange } from './types'

/** Kinds that ask other data than samples. */
export const FACT_KINDS = ['anomaly', 'cost', 'compliance', 'inventory'] as const
export type FactKind = (typeof FACT_KINDS)[number]
export const COST_GROUPS = ['provider', 'billing_account', 'sub_account', 'service', 'region'] as const
export const CHANGES = ['created', 'updated', 'deleted'] as const
type ChangeKind = (typeof CHANGES)[number]

/** The fields of all these kinds as typed; each kind reads its own. */
export type FactDraft = {
  selector: string
  period: NonNullable<Cost['period']>
  growth: boolean
  by: string
  /** Kept from a rule that was written elsewhere. */
  filters: NonNullable<Cost['filters']>
  cost: NonNullable<Cost['cost']>
  score: boolean
  standard: string
  severities: NonNullable<Extract<Fact, { kind: 'compliance' }>['severities']>
  controls: string
  changes: ChangeKind[]
  search: string
  window: string
}

export const newFact = (): FactDraft => ({
  selector: '',
  period: 'day',
  growth: false,
  by: '',
  filters: [],
  cost: 'effective',
  score: false,
  standard: '',
  severities: [],
  controls: '',
  changes: [...CHANGES],
  search: '',
  window: '1h',
})

type Compared = { enter: Comparison; leave: Comparison | null }

/** The condition of these fields; what is wrong goes to `errors`. */
export function toFact(kind: FactKind, draft: FactDraft, compared: Compared, errors: Errors): Fact {
  if (kind === 'anomaly') {
    if (!draft.selector.trim()) errors['fact.selector'] = 'selector'
    return { kind, selector: draft.selector.trim(), ...compared }
  }
  if (kind === 'cost') {
    const { period, cost, filters } = draft
    return {
      kind,
      period,
      cost,
      filters,
      by: draft.by || null,
      measure: draft.growth ? 'percent' : 'amount',
      ...compared,
    }
  }
  if (kind === 'compliance') {
    if (draft.score && !draft.standard.trim()) errors['fact.standard'] = 'standard'
    return {
      kind,
      measure: draft.score ? 'score' : 'findings',
      standard: draft.standard.trim() || null,
      severities: draft.score ? [] : draft.severities,
      controls: draft.score ? [] : namesIn(draft.controls),
      ...compared,
    }
  }
  const window = parseDuration(draft.window)
  if (window === null || window < 60 || window > 7 * 86_400) errors['fact.window'] = 'window'
  if (draft.changes.length === 0) errors['fact.changes'] = 'changes'
  return { kind, changes: draft.changes, search: draft.search.trim(), window_seconds: window ?? 0, ...compared }
}

export const isFact = (condition: Condition): condition is Fact =>
  (FACT_KINDS as readonly string[]).includes(condition.kind)

export function fromFact(fact: Fact): FactDraft {
  const draft = newFact()
  if (fact.kind === 'anomaly') return { ...draft, selector: fact.selector }
  if (fact.kind === 'cost') {
    const { period = 'day', cost = 'effective', filters = [] } = fact
    return { ...draft, period, cost, filters, by: fact.by ?? '', growth: fact.measure === 'percent' }
  }
  if (fact.kind === 'compliance') {
    const { standard, severities = [], controls = [] } = fact
    return {
      ...draft,
      standard: standard ?? '',
      severities,
      controls: controls.join(', '),
      score: fact.measure === 'score',
    }
  }
  const { changes = [...CHANGES], search = '', window_seconds = 3_600 }: InventoryChange = fact
  return { ...draft, changes, search, window: durationText(window_seconds) }
}

import { durationText, parseDuration } from '@/services/durations'
import type { Severity } from '@/types/api'
import {
  type Errors,
  fromComparison,
  fromPart,
  isCombination,
  namesIn,
  newPart,
  PART_KINDS,
  type PartDraft,
  type PartKind,
  partsOf,
  toComparison,
  toPart,
  withKind,
} from './condition'
import { FACT_KINDS, type FactDraft, type FactKind, fromFact, isFact, newFact, toFact } from './facts'
import type { Comparison, Condition, NoData, OnError, Rule, RuleBody } from './types'

export const RULE_KINDS = [...PART_KINDS, 'several', ...FACT_KINDS, 'promql'] as const
export type RuleKind = (typeof RULE_KINDS)[number]

export type Pair = { key: number; name: string; value: string }

/** A rule as it is being typed. */
export type RuleDraft = {
  name: string
  severity: Severity
  kind: RuleKind
  /** At least one; the kinds of one condition use the first. */
  parts: PartDraft[]
  mode: 'all' | 'any'
  /** Labels by which parts match; empty for all labels. */
  on: string
  query: string
  /** The connected server that answers the query; empty for none yet. */
  source: string
  fact: FactDraft
  every: string
  hold: string
  keep: string
  noData: NoData
  onError: OnError
  limit: string
  labels: Pair[]
  annotations: Pair[]
}

export const MOST_PARTS = 8
const LEAST_INTERVAL = 60
const MOST_INTERVAL = 86_400
const MOST_HOLD = 30 * 86_400
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
let lastKey = 0

/** What the server takes for anomalies where nothing is said. */
const MOST_SURE: Comparison = { operator: '>=', threshold: 0.99 }

export const isFactKind = (kind: RuleKind): kind is FactKind => (FACT_KINDS as readonly string[]).includes(kind)

export const newPair = (name = '', value = ''): Pair => ({ key: ++lastKey, name, value })

export const newDraft = (): RuleDraft => ({
  name: '',
  severity: 'medium',
  kind: 'threshold',
  parts: [newPart()],
  mode: 'all',
  on: '',
  query: '',
  source: '',
  fact: newFact(),
  every: '1m',
  hold: '5m',
  keep: '0s',
  noData: 'resolve',
  onError: 'keep',
  limit: '0',
  labels: [],
  annotations: [newPair('summary'), newPair('description')],
})

const pairsOf = (texts: Record<string, unknown>): Pair[] =>
  Object.entries(texts).map(([name, value]) => newPair(name, String(value)))

function kindOf(condition: Condition): RuleKind {
  if (isCombination(condition)) return 'several'
  if (condition.kind === 'promql' || isFact(condition)) return condition.kind
  return fromPart(condition).kind
}

export function draftOf(rule: Rule): RuleDraft {
  const condition = rule.condition as Condition
  const parts = isFact(condition)
    ? [newPart(fromComparison({ ...condition, enter: condition.enter ?? MOST_SURE }))]
    : partsOf(condition).map(fromPart)
  return {
    name: rule.name,
    severity: rule.severity,
    kind: kindOf(condition),
    parts: parts.length > 0 ? parts : [newPart()],
    mode: isCombination(condition) ? condition.kind : 'all',
    on: isCombination(condition) ? (condition.on ?? []).join(', ') : '',
    query: condition.kind === 'promql' ? condition.query : '',
    source: condition.kind === 'promql' ? (condition.source_id ?? '') : '',
    fact: isFact(condition) ? fromFact(condition) : newFact(),
    every: durationText(rule.interval_seconds),
    hold: durationText(rule.for_seconds),
    keep: durationText(rule.keep_firing_seconds),
    noData: rule.no_data,
    onError: rule.on_error,
    limit: String(rule.instance_limit),
    labels: pairsOf(rule.labels),
    annotations: pairsOf(rule.annotations),
  }
}

/** The draft as another kind: one condition becomes the first of several, and the reverse. */
export function asKind(draft: RuleDraft, kind: RuleKind): RuleDraft {
  const [first = newPart(), ...rest] = draft.parts
  if (kind === 'several') return { ...draft, kind, parts: rest.length > 0 ? draft.parts : [first, newPart()] }
  if (kind === 'promql' || isFactKind(kind)) return { ...draft, kind }
  return { ...draft, kind, parts: [withKind(first, kind as PartKind), ...rest] }
}

/** The condition that is typed; what is wrong goes to `errors`. */
export function conditionOf(draft: RuleDraft, errors: Errors): Condition {
  if (draft.kind === 'promql') {
    if (!draft.query.trim()) errors.query = 'query'
    if (!draft.source) errors.source = 'source'
    return { kind: 'promql', query: draft.query.trim(), source_id: draft.source || null }
  }
  if (isFactKind(draft.kind)) {
    const compared = toComparison(draft.parts[0] ?? newPart(), 'parts.0', errors)
    return toFact(draft.kind, draft.fact, compared, errors)
  }
  if (draft.kind !== 'several') return toPart(draft.parts[0] ?? newPart(), 'parts.0', errors)
  const on = namesIn(draft.on)
  if (on.some((name) => !LABEL_NAME.test(name))) errors.on = 'labelName'
  return {
    kind: draft.mode,
    parts: draft.parts.map((part, index) => toPart(part, `parts.${index}`, errors)),
    on: on.length > 0 ? on : null,
  }
}

function secondsOf(text: string, field: string, errors: Errors): number {
  const seconds = parseDuration(text)
  if (seconds === null || seconds > MOST_HOLD) errors[field] = 'duration'
  return seconds ?? 0
}

function intervalOf(text: string, errors: Errors): number {
  const seconds = parseDuration(text) ?? 0
  if (seconds < LEAST_INTERVAL || seconds > MOST_INTERVAL || seconds % LEAST_INTERVAL !== 0) errors.every = 'interval'
  return seconds
}

function textsOf(pairs: Pair[], field: string, errors: Errors): Record<string, string> {
  const made: Record<string, string> = {}
  pairs.forEach(({ name, value }, index) => {
    const key = name.trim()
    if (!key && !value) return
    if (!LABEL_NAME.test(key)) errors[`${field}.${index}.name`] = 'labelName'
    else if (key in made) errors[`${field}.${index}.name`] = 'twice'
    if (value) made[key] = value
  })
  return made
}

/** The rule as the server takes it, and what keeps it from being one. */
export function bodyOf(draft: RuleDraft): { body: RuleBody; errors: Errors } {
  const errors: Errors = {}
  if (!draft.name.trim()) errors.name = 'name'
  const limit = Number(draft.limit.trim() || '0')
  if (!Number.isInteger(limit) || limit < 0) errors.limit = 'whole'
  const body: RuleBody = {
    name: draft.name.trim(),
    severity: draft.severity,
    condition: conditionOf(draft, errors),
    interval_seconds: intervalOf(draft.every, errors),
    for_seconds: secondsOf(draft.hold, 'hold', errors),
    keep_firing_seconds: secondsOf(draft.keep, 'keep', errors),
    no_data: draft.noData,
    on_error: draft.onError,
    instance_limit: limit,
    labels: textsOf(draft.labels, 'labels', errors),
    annotations: textsOf(draft.annotations, 'annotations', errors),
  }
  return { body, errors }
}

/** Whether two drafts mean the same rule. Compared by what would be sent, so that keys and spaces count for nothing. */
export const isSame = (a: RuleDraft, b: RuleDraft): boolean =>
  JSON.stringify([bodyOf(a), a.kind]) === JSON.stringify([bodyOf(b), b.kind])

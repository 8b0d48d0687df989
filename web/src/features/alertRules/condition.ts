import { durationText, parseDuration } from '@/services/durations'
import type { Combination, Comparison, Condition, Part, Reading } from './types'

export const FUNCTIONS = ['last', 'avg', 'min', 'max', 'sum', 'count'] as const
export const RATE_FUNCTIONS = ['rate', 'increase'] as const
export const AGGREGATES = ['sum', 'avg', 'min', 'max', 'count'] as const
export const OPERATORS = ['>', '>=', '<', '<=', '==', '!='] as const
export type ReadFunction = NonNullable<Reading['function']>
export type Operator = Comparison['operator']
export type Aggregate = NonNullable<Reading['aggregate']>

/** What one condition asks. Rates and forecasts are thresholds to the server; people look for them by name. */
export const PART_KINDS = ['threshold', 'rate', 'ratio', 'absence', 'forecast'] as const
export type PartKind = (typeof PART_KINDS)[number]

/** As typed: durations and numbers stay texts until they are checked. */
export type ReadingDraft = {
  selector: string
  function: ReadFunction
  window: string
  ahead: string
  aggregate: Aggregate | ''
  by: string
}

export type PartDraft = {
  /** Tells parts apart while they are moved about; the server never sees it. */
  key: number
  kind: PartKind
  reading: ReadingDraft
  under: ReadingDraft
  operator: Operator
  threshold: string
  hasLeave: boolean
  leaveOperator: Operator
  leaveThreshold: string
  /** What the value is multiplied with before it is compared: 100 makes a share percent. */
  times: string
  plus: string
  /** Kept from an imported rule: whether samples before a series' end count for the whole window. */
  pastMarks: boolean
}

/** Field names are paths ("parts.0.reading.window"), values keys of `rule.error`. */
export type Errors = Record<string, string>

let lastKey = 0

export const newReading = (fields: Partial<ReadingDraft> = {}): ReadingDraft => ({
  selector: '',
  function: 'avg',
  window: '5m',
  ahead: '3d',
  aggregate: '',
  by: '',
  ...fields,
})

export const newPart = (fields: Partial<PartDraft> = {}): PartDraft => ({
  key: ++lastKey,
  kind: 'threshold',
  reading: newReading(),
  under: newReading(),
  operator: '>',
  threshold: '',
  hasLeave: false,
  leaveOperator: '<',
  leaveThreshold: '',
  times: '1',
  plus: '0',
  pastMarks: false,
  ...fields,
})

const REVERSED: Record<Operator, Operator> = { '>': '<', '>=': '<', '<': '>', '<=': '>', '==': '!=', '!=': '==' }
export const reversed = (operator: Operator): Operator => REVERSED[operator]

/** The functions that a kind offers; switching to it takes the first where the current one does not fit. */
export function functionsOf(kind: PartKind): readonly ReadFunction[] {
  if (kind === 'rate') return RATE_FUNCTIONS
  if (kind === 'forecast') return ['forecast']
  return kind === 'ratio' ? [...FUNCTIONS, ...RATE_FUNCTIONS] : FUNCTIONS
}

/** A part as another kind, with what was typed kept. */
export function withKind(part: PartDraft, kind: PartKind): PartDraft {
  const fitting = functionsOf(kind)
  const fit = (reading: ReadingDraft): ReadingDraft =>
    fitting.includes(reading.function) ? reading : { ...reading, function: fitting[0] ?? 'last' }
  return { ...part, kind, reading: fit(part.reading), under: kind === 'ratio' ? fit(part.under) : part.under }
}

export const namesIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const LEAST_WINDOW = 15
const MOST_WINDOW = 7 * 86_400
const MOST_AHEAD = 90 * 86_400

const numberOf = (text: string): number | null => {
  const value = Number(text.trim().replace(',', '.'))
  return text.trim() !== '' && Number.isFinite(value) ? value : null
}

function toReading(draft: ReadingDraft, path: string, errors: Errors): Reading {
  if (!draft.selector.trim()) errors[`${path}.selector`] = 'selector'
  const window = parseDuration(draft.window)
  if (window === null || window < LEAST_WINDOW || window > MOST_WINDOW) errors[`${path}.window`] = 'window'
  const ahead = draft.function === 'forecast' ? parseDuration(draft.ahead) : 0
  if (ahead === null || ahead > MOST_AHEAD || (draft.function === 'forecast' && ahead === 0)) {
    errors[`${path}.ahead`] = 'ahead'
  }
  const by = draft.aggregate ? namesIn(draft.by) : []
  if (by.some((name) => !LABEL_NAME.test(name))) errors[`${path}.by`] = 'labelName'
  return {
    selector: draft.selector.trim(),
    function: draft.function,
    window_seconds: window ?? 0,
    ahead_seconds: ahead ?? 0,
    aggregate: draft.aggregate || null,
    by,
  }
}

/** The numbers that a value is put beside. */
export function toComparison(draft: PartDraft, path: string, errors: Errors) {
  const threshold = numberOf(draft.threshold)
  if (threshold === null) errors[`${path}.threshold`] = 'number'
  const leaveThreshold = draft.hasLeave ? numberOf(draft.leaveThreshold) : 0
  if (leaveThreshold === null) errors[`${path}.leaveThreshold`] = 'number'
  return {
    enter: { operator: draft.operator, threshold: threshold ?? 0 },
    leave: draft.hasLeave ? { operator: draft.leaveOperator, threshold: leaveThreshold ?? 0 } : null,
  }
}

/** The part as the server takes it; what is wrong goes to `errors` under `path`. */
export function toPart(draft: PartDraft, path: string, errors: Errors): Part {
  const reading = toReading(draft.reading, `${path}.reading`, errors)
  if (draft.kind === 'absence') {
    return {
      kind: 'absence',
      selector: reading.selector,
      window_seconds: reading.window_seconds,
      past_marks: draft.pastMarks,
    }
  }
  const times = numberOf(draft.times)
  if (times === null) errors[`${path}.times`] = 'number'
  const plus = numberOf(draft.plus)
  if (plus === null) errors[`${path}.plus`] = 'number'
  const compared = { ...toComparison(draft, path, errors), times: times ?? 1, plus: plus ?? 0 }
  if (draft.kind !== 'ratio') return { kind: 'threshold', reading, ...compared }
  return { kind: 'ratio', over: reading, under: toReading(draft.under, `${path}.under`, errors), ...compared }
}

const fromReading = (reading: Reading): ReadingDraft => ({
  selector: reading.selector,
  function: reading.function ?? 'last',
  window: durationText(reading.window_seconds ?? 300),
  ahead: durationText(reading.ahead_seconds || 3 * 86_400),
  aggregate: reading.aggregate ?? '',
  by: (reading.by ?? []).join(', '),
})

type Compared = { enter: Comparison; leave?: Comparison | null; times?: number; plus?: number }

export function fromComparison({ enter, leave, times, plus }: Compared): Partial<PartDraft> {
  return {
    times: String(times ?? 1),
    plus: String(plus ?? 0),
    operator: enter.operator,
    threshold: String(enter.threshold),
    hasLeave: Boolean(leave),
    leaveOperator: leave?.operator ?? reversed(enter.operator),
    leaveThreshold: leave ? String(leave.threshold) : '',
  }
}

function kindOf(read: ReadFunction | undefined): PartKind {
  if (read === 'forecast') return 'forecast'
  return read === 'rate' || read === 'increase' ? 'rate' : 'threshold'
}

export function fromPart(part: Part): PartDraft {
  if (part.kind === 'absence') {
    const reading = newReading({ selector: part.selector, window: durationText(part.window_seconds ?? 300) })
    return newPart({ kind: 'absence', reading, pastMarks: part.past_marks ?? false })
  }
  if (part.kind === 'ratio') {
    return newPart({
      kind: 'ratio',
      reading: fromReading(part.over),
      under: fromReading(part.under),
      ...fromComparison(part),
    })
  }
  return newPart({
    kind: kindOf(part.reading.function),
    reading: fromReading(part.reading),
    ...fromComparison(part),
  })
}

export const isCombination = (condition: Condition): condition is Combination =>
  condition.kind === 'all' || condition.kind === 'any'

/** The parts that compare samples; none where the rule asks something else. */
export function partsOf(condition: Condition): Part[] {
  if (isCombination(condition)) return condition.parts
  return condition.kind === 'threshold' || condition.kind === 'ratio' || condition.kind === 'absence' ? [condition] : []
}

/** What the parts read, in their order. */
export const readingsOf = (condition: Condition): Reading[] =>
  partsOf(condition).flatMap((part) => {
    if (part.kind === 'absence') return [{ selector: part.selector, function: 'last' as const }]
    return part.kind === 'ratio' ? [part.over, part.under] : [part.reading]
  })

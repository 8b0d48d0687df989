import type { TFunction } from 'i18next'
import { durationText } from '@/services/durations'
import { formatNumber } from '@/services/format'
import { isCombination } from './condition'
import { isFact } from './facts'
import type { Comparison, Condition, Fact, Part, Reading } from './types'

const OPERATOR_WORDS = {
  '>': 'above',
  '>=': 'atLeast',
  '<': 'below',
  '<=': 'atMost',
  '==': 'equal',
  '!=': 'notEqual',
} as const

const exact = (value: number) => formatNumber(value, { maximumSignificantDigits: 12 })

const compareWords = (t: TFunction, { operator, threshold }: Comparison): string =>
  t(`rule.compare.${OPERATOR_WORDS[operator]}`, { value: exact(threshold) })

function readingWords(t: TFunction, reading: Reading): string {
  const what = t(`rule.read.${reading.function ?? 'last'}`, {
    selector: reading.selector,
    window: durationText(reading.window_seconds ?? 300),
    ahead: durationText(reading.ahead_seconds ?? 0),
  })
  if (!reading.aggregate) return what
  const by = reading.by ?? []
  const joined = t(`rule.aggregate.${reading.aggregate}`, { what })
  return by.length > 0 ? t('rule.aggregateBy', { what: joined, by: by.join(', ') }) : joined
}

function partWords(t: TFunction, part: Part): string {
  if (part.kind === 'absence') {
    return t('rule.absenceWords', { selector: part.selector, window: durationText(part.window_seconds ?? 300) })
  }
  const read =
    part.kind === 'ratio'
      ? t('rule.ratioWords', { over: readingWords(t, part.over), under: readingWords(t, part.under) })
      : readingWords(t, part.reading)
  const { times = 1, plus = 0 } = part
  const scaled = times === 1 ? read : t('rule.timesWords', { what: read, times: exact(times) })
  const what = plus === 0 ? scaled : t('rule.plusWords', { what: scaled, plus: exact(plus) })
  const entered = t('rule.enterWords', { what, compare: compareWords(t, part.enter) })
  return part.leave ? t('rule.leaveWords', { entered, compare: compareWords(t, part.leave) }) : entered
}

function factWords(t: TFunction, fact: Fact): string {
  if (fact.kind === 'anomaly') return t('rule.anomalyWords', { selector: fact.selector })
  if (fact.kind === 'cost') {
    const what = t(`rule.costWords.${fact.measure ?? 'amount'}`, { period: t(`rule.period.${fact.period ?? 'day'}`) })
    return fact.by ? t('rule.aggregateBy', { what, by: fact.by }) : what
  }
  if (fact.kind === 'compliance') {
    if (fact.measure === 'score') return t('rule.scoreWords', { standard: fact.standard })
    const severities = (fact.severities ?? []).map((severity) => t(`severity.${severity}`)).join(', ')
    return t('rule.findingsWords', { severities: severities || t('rule.anySeverity') })
  }
  const changes = (fact.changes ?? []).map((change) => t(`change.kind.${change}`)).join(', ')
  return t('rule.inventoryWords', {
    changes,
    search: fact.search || t('rule.anyResource'),
    window: durationText(fact.window_seconds ?? 3_600),
  })
}

/** The condition as a sentence, for people who do not read queries. */
export function conditionWords(t: TFunction, condition: Condition): string {
  if (isCombination(condition)) {
    const parts = condition.parts.map((part) => partWords(t, part))
    const joined = parts.join(` ${t(condition.kind === 'all' ? 'rule.and' : 'rule.or')} `)
    return condition.on && condition.on.length > 0
      ? t('rule.onWords', { what: joined, labels: condition.on.join(', ') })
      : joined
  }
  if (condition.kind === 'promql') return t('rule.promqlWords', { query: condition.query })
  if (!isFact(condition)) return partWords(t, condition)
  const what = factWords(t, condition)
  const entered = condition.enter ? t('rule.enterWords', { what, compare: compareWords(t, condition.enter) }) : what
  return condition.leave ? t('rule.leaveWords', { entered, compare: compareWords(t, condition.leave) }) : entered
}

/** "above 80", for the line of a chart. */
export const lineWords = (t: TFunction, { operator, threshold }: Comparison): string =>
  `${t(`rule.operatorName.${operator}`)} ${exact(threshold)}`

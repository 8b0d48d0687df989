import type { Tone } from '@/components/Common/Badge'
import type { AuditEntry } from '@/types/api'

export const OUTCOMES = ['success', 'failure', 'refused'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Days are whole and in UTC; `to` is not included, as in the API. */
export type AuditFilter = {
  outcome: Outcome | null
  actor_id: string | null
  action: string | null
  subject_type: string | null
  subject_id: string | null
  from: string | null
  to: string | null
  q: string
}

export const OUTCOME_TONES: Record<string, Tone> = { success: 'ok', failure: 'bad', refused: 'warning' }

export type FieldChange = { field: string; before: unknown; after: unknown; isPair: boolean }

const isPairOf = (value: unknown): value is { before?: unknown; after?: unknown } =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).length > 0 &&
  Object.keys(value).every((key) => ['before', 'after', 'from', 'to', 'old', 'new'].includes(key))

const isTuple = (value: unknown): value is [unknown, unknown] => Array.isArray(value) && value.length === 2

/** What an entry changed, field by field. Pairs of before and after are told apart from plain values. */
export function changesOf({ changes }: Pick<AuditEntry, 'changes'>): FieldChange[] {
  return Object.entries(changes).map(([field, value]) => {
    if (isPairOf(value)) {
      const pair = value as Record<string, unknown>
      return {
        field,
        before: pair.before ?? pair.from ?? pair.old,
        after: pair.after ?? pair.to ?? pair.new,
        isPair: true,
      }
    }
    if (isTuple(value)) return { field, before: value[0], after: value[1], isPair: true }
    return { field, before: undefined, after: value, isPair: false }
  })
}

/** A value of any shape as one line of text. */
export const showValue = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)

import type { AnomalyRead } from '@cloudops/api-client'
import type { Tone } from '@/components/Common/Badge'

export type AnomalyKind = AnomalyRead['kind']
export type AnomalyState = AnomalyRead['state']
export type Verdict = NonNullable<AnomalyRead['feedback']>['verdict']

export const KINDS: AnomalyKind[] = [
  'spike',
  'dip',
  'level_shift',
  'trend',
  'unusual_variance',
  'flat_line',
  'gap',
  'burst',
]
export const STATES: AnomalyState[] = ['open', 'ended']
export const VERDICTS: Verdict[] = ['useful', 'expected', 'wrong']
export const STATE_TONES: Record<AnomalyState, Tone> = { open: 'warning', ended: 'neutral' }

/** Labels in one line, without the metric's name. */
export const labelText = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')

import type { Tone } from '@/components/Common/Badge'
import type { RuleHealth, RuleState } from './types'

export const RULE_STATES: RuleState[] = ['firing', 'pending', 'inactive']
export const RULE_HEALTHS: RuleHealth[] = ['ok', 'err', 'unknown']

export const STATE_TONES: Record<RuleState, Tone> = { firing: 'bad', pending: 'warning', inactive: 'ok' }
export const HEALTH_TONES: Record<RuleHealth, Tone> = { ok: 'ok', err: 'bad', unknown: 'neutral' }

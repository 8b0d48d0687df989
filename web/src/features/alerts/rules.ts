import type { Tone } from '@/components/Common/Badge'
import type { AlertStatus } from '@/types/api'

export const ALERT_STATUSES: AlertStatus[] = ['firing', 'acknowledged', 'snoozed', 'suppressed', 'resolved']

export const STATUS_TONES: Record<AlertStatus, Tone> = {
  firing: 'bad',
  acknowledged: 'busy',
  snoozed: 'neutral',
  suppressed: 'neutral',
  resolved: 'ok',
}

export const canAcknowledge = (status: AlertStatus): boolean => status === 'firing' || status === 'snoozed'
export const canResolve = (status: AlertStatus): boolean => status !== 'resolved'

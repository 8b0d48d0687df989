import type { Tone } from '@/components/Common/Badge'
import type { JobState } from '@/types/api'

export const JOB_STATES: JobState[] = ['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled']

export const isJobState = (state: string): state is JobState => JOB_STATES.some((known) => known === state)

export const JOB_TONES: Record<JobState, Tone> = {
  queued: 'neutral',
  running: 'busy',
  succeeded: 'ok',
  partial: 'warning',
  failed: 'bad',
  cancelled: 'neutral',
}

/** States of a unit inside a job, from the words of jobs and of inventory alike. */
export function unitTone(state: string): Tone {
  if (state === 'complete' || state === 'succeeded') return 'ok'
  if (state === 'partial') return 'warning'
  if (state === 'failed') return 'bad'
  return state === 'running' ? 'busy' : 'neutral'
}

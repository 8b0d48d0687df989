import type { Tone } from '@/components/Common/Badge'
import type { FindingStatus } from '@/types/api'

export const FINDING_STATUSES: FindingStatus[] = ['open', 'excepted', 'resolved']
export const FINDING_TONES: Record<FindingStatus, Tone> = { open: 'bad', excepted: 'neutral', resolved: 'ok' }

import type { Tone } from '@/components/Common/Badge'
import { SEVERITIES } from '@/components/Common/Severity'
import type { Finding, FindingStatus } from '@/types/api'

export const FINDING_STATUSES: FindingStatus[] = ['open', 'excepted', 'resolved']
export const FINDING_TONES: Record<FindingStatus, Tone> = { open: 'bad', excepted: 'neutral', resolved: 'ok' }

/** What is wrong, in words: a finding's title is the control's and says how it should be. */
export const headline = ({ reason, title }: Finding): string => reason || title

/** What needs a hand first. */
export const bySeverity = (findings: Finding[]): Finding[] =>
  [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))

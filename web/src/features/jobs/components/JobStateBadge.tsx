import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { isJobState, JOB_TONES } from '../rules'

export function JobStateBadge({ state }: { state: string }) {
  const { t } = useTranslation()
  return isJobState(state) ? (
    <Badge tone={JOB_TONES[state]}>{t(`jobState.${state}`)}</Badge>
  ) : (
    <Badge tone="neutral">{state}</Badge>
  )
}

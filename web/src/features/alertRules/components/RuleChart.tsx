import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Segmented } from '@/components/Common/Segmented'
import { useNow } from '@/hooks/useNow'
import { firingSpans } from '../series'
import type { Condition, RuleDetail } from '../types'
import { HOURS } from './PreviewPanel'
import { ReadingCharts } from './ReadingCharts'

/** A stored rule's series with the stretches in which its alerts fire. */
export function RuleChart({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  const [hours, setHours] = useState<string>('6')
  const now = useNow()
  const spans = useMemo(() => {
    const fired = rule.instances.map((one) => ({ ...one, ended_at: one.resolved_at }))
    return firingSpans(fired, now, (name) => t('rule.firingSpan', { name }))
  }, [rule.instances, now, t])
  return (
    <div className="flex flex-col gap-2">
      <Segmented
        label={t('rule.previewOver')}
        value={hours}
        choices={HOURS.map((value) => ({ value, label: t(`rule.hours.${value}`) }))}
        onChange={setHours}
      />
      <ReadingCharts condition={rule.condition as Condition} hours={Number(hours)} spans={spans} />
    </div>
  )
}

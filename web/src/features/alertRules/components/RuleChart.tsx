import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Segmented } from '@/components/Common/Segmented'
import { useNow } from '@/hooks/useNow'
import { firingSpan, seriesNames } from '../series'
import type { Condition, RuleDetail } from '../types'
import { HOURS } from './PreviewPanel'
import { ReadingCharts } from './ReadingCharts'

/** A stored rule's series with the stretches in which its alerts fire. */
export function RuleChart({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  const [hours, setHours] = useState<string>('6')
  const now = useNow()
  const spans = useMemo(() => {
    const fired = rule.instances.filter(({ fired_at }) => fired_at)
    const names = seriesNames(fired.map(({ labels }) => labels))
    return fired.map(({ fired_at, resolved_at }, index) =>
      firingSpan(
        Date.parse(fired_at ?? ''),
        resolved_at ? Date.parse(resolved_at) : now,
        t('rule.firingSpan', { name: names[index] }),
      ),
    )
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

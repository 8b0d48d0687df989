import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Segmented } from '@/components/Common/Segmented'
import type { RuleForm } from '../hooks/useRuleForm'
import type { Condition } from '../types'
import { ReadingCharts } from './ReadingCharts'

const PAUSE_MS = 600
export const HOURS = ['1', '6', '24'] as const

/** The series of the rule as typed, renewed a moment after one stops typing. */
export function PreviewPanel({ form }: { form: RuleForm }) {
  const { t } = useTranslation()
  const [hours, setHours] = useState<string>('6')
  const condition = useSettled(form.body.condition)
  const isReadable = !Object.keys(form.errors).some((path) => path.startsWith('parts') || path === 'on')
  return (
    <div className="flex flex-col gap-3">
      <Segmented
        label={t('rule.previewOver')}
        value={hours}
        choices={HOURS.map((value) => ({ value, label: t(`rule.hours.${value}`) }))}
        onChange={setHours}
      />
      {isReadable ? (
        <ReadingCharts condition={condition} hours={Number(hours)} />
      ) : (
        <p className="text-muted">{t('rule.previewIncomplete')}</p>
      )}
    </div>
  )
}

/** The condition once it has not changed for a moment. */
function useSettled(condition: Condition): Condition {
  const text = JSON.stringify(condition)
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return useMemo(() => JSON.parse(settled) as Condition, [settled])
}

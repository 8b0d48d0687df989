import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Segmented } from '@/components/Common/Segmented'
import type { RuleForm } from '../hooks/useRuleForm'
import type { RuleBody } from '../types'
import { PreviewNow } from './PreviewNow'
import { ReadingCharts } from './ReadingCharts'

const PAUSE_MS = 600
export const HOURS = ['1', '6', '24'] as const

/** The series of the rule as typed, renewed a moment after one stops typing. */
export function PreviewPanel({ form }: { form: RuleForm }) {
  const { t } = useTranslation()
  const [hours, setHours] = useState<string>('6')
  const body = useSettled(form.body)
  const isReadable = !Object.keys(form.errors).some(
    (path) => path.startsWith('parts') || path.startsWith('fact') || path === 'on',
  )
  return (
    <div className="flex flex-col gap-3">
      <Segmented
        label={t('rule.previewOver')}
        value={hours}
        choices={HOURS.map((value) => ({ value, label: t(`rule.hours.${value}`) }))}
        onChange={setHours}
      />
      {isReadable ? (
        <>
          <ReadingCharts condition={body.condition} hours={Number(hours)} />
          <PreviewNow body={body} />
        </>
      ) : (
        <p className="text-muted">{t('rule.previewIncomplete')}</p>
      )}
    </div>
  )
}

/** The body once it has not changed for a moment. */
function useSettled(body: RuleBody): RuleBody {
  const text = JSON.stringify(body)
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return useMemo(() => JSON.parse(settled) as RuleBody, [settled])
}

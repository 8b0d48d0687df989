import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { SelectField } from '@/components/Common/Inputs'
import { useForm } from '../hooks/useRuleForm'
import type { NoData, OnError } from '../types'

const NO_DATA: NoData[] = ['resolve', 'keep_last', 'fire']
const ON_ERROR: OnError[] = ['keep', 'fire']

/** When the rule fires and how it ends, and what silence and failures mean. */
export function TimingCard() {
  const { t } = useTranslation()
  const { draft, change, errorOf, touch } = useForm()
  const fieldOf = (name: 'hold' | 'keep' | 'every' | 'limit') => ({
    value: draft[name],
    error: errorOf(name),
    onBlur: () => touch(name),
  })
  return (
    <Card title={t('rule.timing')}>
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <Field
          label={t('rule.hold')}
          hint={t('rule.holdHint')}
          {...fieldOf('hold')}
          onChange={(event) => change({ hold: event.target.value })}
        />
        <Field
          label={t('rule.keep')}
          hint={t('rule.keepHint')}
          {...fieldOf('keep')}
          onChange={(event) => change({ keep: event.target.value })}
        />
        <SelectField
          label={t('rule.noData')}
          hint={t(`rule.noDataHint.${draft.noData}`)}
          value={draft.noData}
          options={NO_DATA.map((value) => ({ value, label: t(`rule.noDataName.${value}`) }))}
          onChange={(event) => change({ noData: event.target.value as NoData })}
        />
        <SelectField
          label={t('rule.onError')}
          hint={t(`rule.onErrorHint.${draft.onError}`)}
          value={draft.onError}
          options={ON_ERROR.map((value) => ({ value, label: t(`rule.onErrorName.${value}`) }))}
          onChange={(event) => change({ onError: event.target.value as OnError })}
        />
        <Field
          label={t('rule.every')}
          hint={t('rule.everyHint')}
          {...fieldOf('every')}
          onChange={(event) => change({ every: event.target.value })}
        />
        <Field
          label={t('rule.limit')}
          hint={t('rule.limitHint')}
          inputMode="numeric"
          {...fieldOf('limit')}
          onChange={(event) => change({ limit: event.target.value })}
        />
      </div>
    </Card>
  )
}

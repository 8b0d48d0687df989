import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { Checkbox, SelectField } from '@/components/Common/Inputs'
import { SEVERITIES } from '@/components/Common/Severity'
import { CHANGES, COST_GROUPS, type FactDraft, type FactKind } from '../facts'
import { useForm } from '../hooks/useRuleForm'
import { SelectorField } from './SelectorField'

const toggled = <Item,>(items: Item[], item: Item): Item[] =>
  items.includes(item) ? items.filter((one) => one !== item) : [...items, item]

/** What is asked of anomalies, bills, findings or changes. */
export function FactFields({ kind }: { kind: FactKind }) {
  const { t } = useTranslation()
  const { draft, change, errorOf, touch } = useForm()
  const { fact } = draft
  const set = (fields: Partial<FactDraft>) => change({ fact: { ...fact, ...fields } })
  const fieldOf = (name: string) => ({ error: errorOf(`fact.${name}`), onBlur: () => touch(`fact.${name}`) })
  if (kind === 'anomaly') {
    return (
      <SelectorField
        label={t('rule.selector')}
        value={fact.selector}
        onChange={(selector) => set({ selector })}
        {...fieldOf('selector')}
      />
    )
  }
  if (kind === 'cost') {
    return (
      <div className="grid gap-3 sm:grid-cols-3">
        <SelectField
          label={t('rule.costPeriod')}
          value={fact.period}
          options={(['day', 'month_to_date'] as const).map((value) => ({ value, label: t(`rule.period.${value}`) }))}
          onChange={(event) => set({ period: event.target.value as FactDraft['period'] })}
        />
        <SelectField
          label={t('rule.measure')}
          value={fact.growth ? 'percent' : 'amount'}
          options={(['amount', 'percent'] as const).map((value) => ({ value, label: t(`rule.measureName.${value}`) }))}
          onChange={(event) => set({ growth: event.target.value === 'percent' })}
        />
        <SelectField
          label={t('rule.by')}
          value={fact.by}
          options={[
            { value: '', label: t('rule.wholeBill') },
            ...COST_GROUPS.map((value) => ({ value, label: t(`rule.costGroup.${value}`) })),
            // A tag's group comes from a rule that was written elsewhere.
            ...(fact.by.startsWith('tag:') ? [{ value: fact.by, label: fact.by }] : []),
          ]}
          onChange={(event) => set({ by: event.target.value })}
        />
      </div>
    )
  }
  if (kind === 'compliance') {
    return (
      <>
        <div className="grid gap-3 sm:grid-cols-2">
          <SelectField
            label={t('rule.measure')}
            value={fact.score ? 'score' : 'findings'}
            options={(['findings', 'score'] as const).map((value) => ({
              value,
              label: t(`rule.measureName.${value}`),
            }))}
            onChange={(event) => set({ score: event.target.value === 'score' })}
          />
          <Field
            label={t('rule.standard')}
            value={fact.standard}
            onChange={(event) => set({ standard: event.target.value })}
            {...fieldOf('standard')}
          />
        </div>
        {!fact.score && (
          <>
            <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
              <legend className="mb-1 font-medium">{t('alert.severity')}</legend>
              {SEVERITIES.map((severity) => (
                <Checkbox
                  key={severity}
                  label={t(`severity.${severity}`)}
                  checked={fact.severities.includes(severity)}
                  onChange={() => set({ severities: toggled(fact.severities, severity) })}
                />
              ))}
            </fieldset>
            <Field
              label={t('rule.controls')}
              value={fact.controls}
              onChange={(event) => set({ controls: event.target.value })}
            />
          </>
        )}
      </>
    )
  }
  return (
    <>
      <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
        <legend className="mb-1 font-medium">{t('change.kindLabel')}</legend>
        {CHANGES.map((one) => (
          <Checkbox
            key={one}
            label={t(`change.kind.${one}`)}
            checked={fact.changes.includes(one)}
            onChange={() => set({ changes: toggled(fact.changes, one) })}
          />
        ))}
        {errorOf('fact.changes') && <p className="w-full text-critical">{errorOf('fact.changes')}</p>}
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_8rem]">
        <Field
          mono
          label={t('rule.resourceSearch')}
          placeholder="type:compute.instance tag.env:prod"
          value={fact.search}
          onChange={(event) => set({ search: event.target.value })}
        />
        <Field
          label={t('rule.window')}
          value={fact.window}
          onChange={(event) => set({ window: event.target.value })}
          {...fieldOf('window')}
        />
      </div>
    </>
  )
}

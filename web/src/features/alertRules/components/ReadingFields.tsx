import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { SelectField } from '@/components/Common/Inputs'
import { AGGREGATES, functionsOf, type PartKind, type ReadFunction, type ReadingDraft } from '../condition'
import { useForm } from '../hooks/useRuleForm'
import { SelectorField } from './SelectorField'

type Props = {
  path: string
  label: string
  kind: PartKind
  reading: ReadingDraft
  onChange: (reading: ReadingDraft) => void
}

/** Which series are read, by which function over what time, and how they come together. */
export function ReadingFields({ path, label, kind, reading, onChange }: Props) {
  const { t } = useTranslation()
  const { errorOf, touch } = useForm()
  const set = (fields: Partial<ReadingDraft>) => onChange({ ...reading, ...fields })
  const functions = functionsOf(kind)
  const fieldOf = (name: string) => ({ error: errorOf(`${path}.${name}`), onBlur: () => touch(`${path}.${name}`) })
  return (
    <div className="flex flex-col gap-3">
      <SelectorField
        label={label}
        value={reading.selector}
        onChange={(selector) => set({ selector })}
        {...fieldOf('selector')}
      />
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        {kind !== 'absence' && functions.length > 1 && (
          <SelectField
            label={t('rule.function')}
            value={reading.function}
            options={functions.map((value) => ({ value, label: t(`rule.functionName.${value}`) }))}
            onChange={(event) => set({ function: event.target.value as ReadFunction })}
          />
        )}
        <Field
          label={t(kind === 'absence' ? 'rule.absentFor' : 'rule.window')}
          value={reading.window}
          onChange={(event) => set({ window: event.target.value })}
          {...fieldOf('window')}
        />
        {reading.function === 'forecast' && kind === 'forecast' && (
          <Field
            label={t('rule.ahead')}
            value={reading.ahead}
            onChange={(event) => set({ ahead: event.target.value })}
            {...fieldOf('ahead')}
          />
        )}
        {kind !== 'absence' && (
          <SelectField
            label={t('rule.together')}
            value={reading.aggregate}
            options={[
              { value: '', label: t('rule.eachSeries') },
              ...AGGREGATES.map((value) => ({ value, label: t(`rule.aggregateName.${value}`) })),
            ]}
            onChange={(event) => set({ aggregate: event.target.value as ReadingDraft['aggregate'] })}
          />
        )}
        {kind !== 'absence' && reading.aggregate && (
          <Field
            mono
            label={t('rule.by')}
            placeholder={t('rule.byPlaceholder')}
            value={reading.by}
            onChange={(event) => set({ by: event.target.value })}
            {...fieldOf('by')}
          />
        )}
      </div>
    </div>
  )
}

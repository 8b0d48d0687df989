import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { RadioCard, SelectField } from '@/components/Common/Inputs'
import type { Objective } from '@/types/api'
import { useSaveObjective } from '../api'
import { bodyOf, formOf, KINDS, OPERATORS, problemsOf } from '../rules/objectives'

type Props = { resourceId: string; objective: Objective | null; onClose: () => void }

/** An objective of a resource, new or changed. */
export function ObjectiveForm({ resourceId, objective, onClose }: Props) {
  const { t } = useTranslation()
  const [form, setForm] = useState(() => formOf(objective))
  const [tried, setTried] = useState(false)
  const save = useSaveObjective()
  const problems = problemsOf(form)
  const errorOf = (field: (typeof problems)[number]) =>
    tried && problems.includes(field) ? t(`objective.error.${field}`) : undefined
  const change = (fields: Partial<typeof form>) => setForm({ ...form, ...fields })
  return (
    <FormDialog
      wide
      title={objective ? t('objective.editNamed', { name: objective.name }) : t('objective.create')}
      description={t('objective.formText')}
      submitLabel={t(objective ? 'action.save' : 'objective.create')}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => {
        setTried(true)
        if (problems.length > 0) return
        save.mutate({ id: objective?.id ?? null, body: bodyOf(form, resourceId) }, { onSuccess: onClose })
      }}
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('objective.name')}
        maxLength={200}
        value={form.name}
        error={errorOf('name')}
        onChange={(event) => change({ name: event.target.value })}
      />
      <div className="grid gap-4 md:grid-cols-2">
        <Field
          inputMode="decimal"
          label={t('objective.targetField')}
          value={form.target}
          error={errorOf('target')}
          onChange={(event) => change({ target: event.target.value })}
        />
        <Field
          inputMode="numeric"
          label={t('objective.window')}
          value={form.days}
          error={errorOf('days')}
          onChange={(event) => change({ days: event.target.value })}
        />
      </div>
      <fieldset>
        <legend className="mb-1 font-medium">{t('objective.indicator')}</legend>
        <div className="grid gap-2 md:grid-cols-2">
          {KINDS.map((kind) => (
            <RadioCard
              key={kind}
              name="kind"
              label={t(`objective.kind.${kind}`)}
              hint={t(`objective.kindHint.${kind}`)}
              checked={form.kind === kind}
              onChange={() => change({ kind })}
            />
          ))}
        </div>
      </fieldset>
      {form.kind === 'threshold' ? (
        <div className="grid gap-4 md:grid-cols-[2fr_1fr_1fr]">
          <Field
            mono
            label={t('metrics.selector')}
            placeholder="up"
            value={form.selector}
            error={errorOf('selector')}
            onChange={(event) => change({ selector: event.target.value })}
          />
          <SelectField
            label={t('objective.operator')}
            value={form.operator}
            options={OPERATORS.map((value) => ({ value, label: value }))}
            onChange={(event) => change({ operator: OPERATORS.find((one) => one === event.target.value) ?? '>=' })}
          />
          <Field
            inputMode="decimal"
            label={t('objective.threshold')}
            value={form.threshold}
            error={errorOf('threshold')}
            onChange={(event) => change({ threshold: event.target.value })}
          />
        </div>
      ) : (
        (['good', 'total'] as const).map((field) => (
          <Field
            key={field}
            mono
            label={t(`objective.${field}Selector`)}
            placeholder={field === 'good' ? 'http_requests_total{code!~"5.."}' : 'http_requests_total'}
            value={form[field]}
            error={errorOf(field)}
            onChange={(event) => change({ [field]: event.target.value })}
          />
        ))
      )}
    </FormDialog>
  )
}

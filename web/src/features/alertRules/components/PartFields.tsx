import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { Checkbox, SelectField } from '@/components/Common/Inputs'
import { OPERATORS, type Operator, type PartDraft, reversed } from '../condition'
import { useForm } from '../hooks/useRuleForm'
import { ReadingFields } from './ReadingFields'

type Props = { index: number; part: PartDraft }

/** One condition: what is read, and the number it is put beside. */
export function PartFields({ index, part }: Props) {
  const { t } = useTranslation()
  const { changePart } = useForm()
  const path = `parts.${index}`
  return (
    <div className="flex flex-col gap-3">
      <ReadingFields
        path={`${path}.reading`}
        label={t(part.kind === 'ratio' ? 'rule.over' : 'rule.selector')}
        kind={part.kind}
        reading={part.reading}
        onChange={(reading) => changePart(index, { reading })}
      />
      {part.kind === 'ratio' && (
        <ReadingFields
          path={`${path}.under`}
          label={t('rule.under')}
          kind={part.kind}
          reading={part.under}
          onChange={(under) => changePart(index, { under })}
        />
      )}
      {part.kind !== 'absence' && <CompareFields index={index} part={part} />}
    </div>
  )
}

/** The number at which it begins, and the one at which it ends. */
export function CompareFields({ index, part }: Props) {
  const { t } = useTranslation()
  const { changePart, errorOf, touch } = useForm()
  const path = `parts.${index}`
  return (
    <div className="flex flex-col gap-2">
      <ComparisonFields
        label={t('rule.entersWhen')}
        path={`${path}.threshold`}
        operator={part.operator}
        threshold={part.threshold}
        onOperator={(operator) => changePart(index, { operator })}
        onThreshold={(threshold) => changePart(index, { threshold })}
      >
        {(part.kind === 'ratio' || part.times !== '1') && (
          <Field
            label={t('rule.timesLabel')}
            inputMode="decimal"
            value={part.times}
            error={errorOf(`${path}.times`)}
            onBlur={() => touch(`${path}.times`)}
            onChange={(event) => changePart(index, { times: event.target.value })}
          />
        )}
        {part.plus !== '0' && (
          <Field
            label={t('rule.plusLabel')}
            inputMode="decimal"
            value={part.plus}
            error={errorOf(`${path}.plus`)}
            onBlur={() => touch(`${path}.plus`)}
            onChange={(event) => changePart(index, { plus: event.target.value })}
          />
        )}
      </ComparisonFields>
      <Checkbox
        label={t('rule.hasLeave')}
        hint={t('rule.hasLeaveHint')}
        checked={part.hasLeave}
        onChange={(event) =>
          changePart(index, { hasLeave: event.target.checked, leaveOperator: reversed(part.operator) })
        }
      />
      {part.hasLeave && (
        <ComparisonFields
          label={t('rule.leavesWhen')}
          path={`${path}.leaveThreshold`}
          operator={part.leaveOperator}
          threshold={part.leaveThreshold}
          onOperator={(leaveOperator) => changePart(index, { leaveOperator })}
          onThreshold={(leaveThreshold) => changePart(index, { leaveThreshold })}
        />
      )}
    </div>
  )
}

type ComparisonProps = {
  label: string
  path: string
  operator: Operator
  threshold: string
  onOperator: (operator: Operator) => void
  onThreshold: (threshold: string) => void
  children?: ReactNode
}

function ComparisonFields(props: ComparisonProps) {
  const { label, path, operator, threshold, onOperator, onThreshold, children } = props
  const { t } = useTranslation()
  const { errorOf, touch } = useForm()
  return (
    <fieldset className="grid grid-cols-2 items-start gap-3 sm:grid-cols-4">
      <legend className="sr-only">{label}</legend>
      <SelectField
        label={label}
        value={operator}
        options={OPERATORS.map((value) => ({ value, label: t(`rule.operatorName.${value}`) }))}
        onChange={(event) => onOperator(event.target.value as Operator)}
      />
      <Field
        label={t('rule.threshold')}
        inputMode="decimal"
        value={threshold}
        error={errorOf(path)}
        onBlur={() => touch(path)}
        onChange={(event) => onThreshold(event.target.value)}
      />
      {children}
    </fieldset>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { useCan } from '@/services/permissions'
import { completionsQuery } from '../api/series'

type Props = {
  label: string
  value: string
  error?: string
  onChange: (selector: string) => void
  onBlur: () => void
}

/** A selector of series as in PromQL, completed as one types: names, then labels, then their values. */
export function SelectorField({ label, value, error, onChange, onBlur }: Props) {
  const { t } = useTranslation()
  const listId = useId()
  const typed = useDeferredValue(value)
  const { data = [] } = useQuery({ ...completionsQuery(typed), enabled: useCan('metrics:read') })
  return (
    <>
      <Field
        mono
        label={label}
        hint={t('rule.selectorHint')}
        placeholder='node_cpu_busy{job="node"}'
        list={listId}
        autoComplete="off"
        spellCheck={false}
        maxLength={4_000}
        value={value}
        error={error}
        onBlur={onBlur}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={listId}>
        {data.map((option) => (
          <option key={option} value={option} />
        ))}
      </datalist>
    </>
  )
}

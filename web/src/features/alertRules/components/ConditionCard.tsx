import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { SelectField, TextArea } from '@/components/Common/Inputs'
import { Segmented } from '@/components/Common/Segmented'
import { useCan } from '@/services/permissions'
import { serversQuery } from '../api/series'
import { newPart, type PartKind, withKind } from '../condition'
import { asKind, isFactKind, MOST_PARTS, RULE_KINDS, type RuleKind } from '../draft'
import { useForm } from '../hooks/useRuleForm'
import { FactFields } from './FactFields'
import { CompareFields, PartFields } from './PartFields'

const IN_COMBINATION: PartKind[] = ['threshold', 'rate', 'ratio', 'absence', 'forecast']

/** What the rule watches: its kind and the fields of that kind. */
export function ConditionCard() {
  const { t } = useTranslation()
  const { draft, change } = useForm()
  const [first] = draft.parts
  return (
    <Card title={t('rule.condition')}>
      <div className="flex flex-col gap-4">
        <SelectField
          label={t('rule.kind')}
          hint={t(`rule.kindHint.${draft.kind}`)}
          value={draft.kind}
          options={RULE_KINDS.map((value) => ({ value, label: t(`rule.kindName.${value}`) }))}
          onChange={(event) => change((before) => asKind(before, event.target.value as RuleKind))}
        />
        {draft.kind === 'promql' ? (
          <PromqlFields />
        ) : draft.kind === 'several' ? (
          <SeveralFields />
        ) : isFactKind(draft.kind) ? (
          <>
            <FactFields kind={draft.kind} />
            {first && <CompareFields index={0} part={first} />}
          </>
        ) : (
          first && <PartFields index={0} part={first} />
        )}
      </div>
    </Card>
  )
}

function PromqlFields() {
  const { t } = useTranslation()
  const { draft, change, errorOf, touch } = useForm()
  const { data } = useQuery({ ...serversQuery(), enabled: useCan('metrics:read') })
  const servers = (data ?? []).map(({ id, name }) => ({ value: id, label: name }))
  return (
    <>
      <SelectField
        label={t('rule.source')}
        hint={data?.length === 0 ? t('rule.noSource') : undefined}
        value={draft.source}
        error={errorOf('source')}
        options={[{ value: '', label: t('rule.pickSource') }, ...servers]}
        onBlur={() => touch('source')}
        onChange={(event) => change({ source: event.target.value })}
      />
      <TextArea
        mono
        rows={5}
        label={t('rule.query')}
        spellCheck={false}
        maxLength={20_000}
        value={draft.query}
        error={errorOf('query')}
        onBlur={() => touch('query')}
        onChange={(event) => change({ query: event.target.value })}
      />
    </>
  )
}

function SeveralFields() {
  const { t } = useTranslation()
  const { draft, change, errorOf, touch } = useForm()
  const setParts = (parts: typeof draft.parts) => change({ parts })
  return (
    <>
      <Segmented
        label={t('rule.mode')}
        value={draft.mode}
        choices={(['all', 'any'] as const).map((value) => ({ value, label: t(`rule.modeName.${value}`) }))}
        onChange={(mode) => change({ mode: mode as 'all' | 'any' })}
      />
      <ol className="flex flex-col gap-3">
        {draft.parts.map((part, index) => (
          <li key={part.key} className="rounded-card border border-border p-3">
            <div className="mb-3 flex items-end gap-2">
              <SelectField
                className="flex-1"
                label={t('rule.partNumber', { number: index + 1 })}
                value={part.kind}
                options={IN_COMBINATION.map((value) => ({ value, label: t(`rule.kindName.${value}`) }))}
                onChange={(event) =>
                  setParts(
                    draft.parts.map((one, at) => (at === index ? withKind(one, event.target.value as PartKind) : one)),
                  )
                }
              />
              <IconButton
                icon={Trash2}
                label={t('rule.removePart', { number: index + 1 })}
                disabled={draft.parts.length <= 2}
                onClick={() => setParts(draft.parts.filter((_, at) => at !== index))}
              />
            </div>
            <PartFields index={index} part={part} />
          </li>
        ))}
      </ol>
      <Button
        icon={Plus}
        className="self-start"
        disabled={draft.parts.length >= MOST_PARTS}
        onClick={() => setParts([...draft.parts, newPart()])}
      >
        {t('rule.addPart')}
      </Button>
      <Field
        mono
        label={t('rule.on')}
        hint={t('rule.onHint')}
        placeholder={t('rule.onPlaceholder')}
        value={draft.on}
        error={errorOf('on')}
        onBlur={() => touch('on')}
        onChange={(event) => change({ on: event.target.value })}
      />
    </>
  )
}

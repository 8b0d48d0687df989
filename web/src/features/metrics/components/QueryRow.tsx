import { useQuery } from '@tanstack/react-query'
import { Plus, Trash2, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { Combobox } from '@/components/Common/Combobox'
import { Select } from '@/components/Common/Select'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { labelValuesQuery, metricLabelsQuery, metricNamesQuery } from '../api'
import {
  FUNCTIONS,
  type Matcher,
  type MetricFunction,
  type Question,
  readSelector,
  type Selector,
  usualFunction,
  writeSelector,
} from '../rules/questions'

type Props = { question: Question; number: number; onChange: (next: Question) => void; onRemove?: () => void }

/** One question: metric, labels and what a step's samples come to. */
export function QueryRow({ question, number, onChange, onRemove }: Props) {
  const { t } = useTranslation()
  const [asText, setAsText] = useState(false)
  const selector = readSelector(question.selector)
  const isText = asText || selector === null
  return (
    <div role="group" aria-label={t('metrics.query', { number })} className="flex flex-wrap items-center gap-2">
      <Select
        hideLabel
        label={t('metrics.function')}
        value={question.operation}
        options={FUNCTIONS.map((value) => ({ value, label: t(`metrics.functionName.${value}`) }))}
        onChange={(value) => onChange({ ...question, operation: value as MetricFunction })}
      />
      {isText ? (
        <SelectorText
          key={question.selector}
          value={question.selector}
          onChange={(text) => onChange({ ...question, selector: text })}
        />
      ) : (
        <>
          <MetricPicker
            name={selector.name}
            onPick={(name, type) =>
              onChange({
                operation: selector.name ? question.operation : usualFunction(type, name),
                selector: writeSelector({ ...selector, name }),
              })
            }
          />
          <Matchers
            selector={selector}
            onChange={(matchers) => onChange({ ...question, selector: writeSelector({ ...selector, matchers }) })}
          />
        </>
      )}
      <span className="flex-1" />
      {selector !== null && (
        <Button variant="quiet" aria-pressed={isText} onClick={() => setAsText(!isText)}>
          {t('metrics.asText')}
        </Button>
      )}
      {onRemove && <IconButton icon={Trash2} label={t('metrics.removeQuery', { number })} onClick={onRemove} />}
    </div>
  )
}

type TextProps = { value: string; onChange: (text: string) => void }

/** The whole selector as PromQL writes it; asked on Enter or on leaving the field. */
function SelectorText({ value, onChange }: TextProps) {
  const { t } = useTranslation()
  const [text, setText] = useState(value)
  const send = () => {
    if (text.trim() !== value) onChange(text.trim())
  }
  return (
    <input
      aria-label={t('metrics.selector')}
      placeholder={'node_load1{job="api"}'}
      spellCheck={false}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={send}
      onKeyDown={(event) => {
        if (event.key === 'Enter') send()
      }}
      className="h-7 min-w-0 flex-1 basis-64 rounded-control border border-border bg-surface px-2 font-mono text-11 max-md:h-9"
    />
  )
}

type PickerProps = { name: string; onPick: (name: string, type: string) => void }

function MetricPicker({ name, onPick }: PickerProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const query = useQuery({ ...metricNamesQuery(text), enabled: useCan('metrics:read') })
  const items = query.data?.items ?? []
  return (
    <div className="w-72 max-md:w-full">
      <Combobox
        hideLabel
        label={t('metrics.metric')}
        placeholder={t('metrics.pickMetric')}
        picked={name}
        options={items.map((item) => ({
          id: item.name,
          label: item.name,
          detail: t('metrics.seriesCount', { count: item.series, shown: formatNumber(item.series) }),
        }))}
        isSearching={query.isFetching}
        isFailed={query.isError}
        onSearch={setText}
        onPick={({ id }) => onPick(id, items.find((item) => item.name === id)?.type ?? '')}
      />
    </div>
  )
}

type MatchersProps = { selector: Selector; onChange: (matchers: Matcher[]) => void }

function Matchers({ selector, onChange }: MatchersProps) {
  const { t } = useTranslation()
  const { matchers } = selector
  const [label, setLabel] = useState<string | null>(null)
  return (
    <>
      {matchers.map((matcher, index) => {
        const text = `${matcher.label}${matcher.operator}"${matcher.value}"`
        return (
          <span
            key={text}
            className="inline-flex h-7 max-w-full items-center gap-1 rounded-control border border-border bg-surface-2 pl-2 max-md:h-9"
          >
            <span className="truncate font-mono text-11">{text}</span>
            <IconButton
              icon={X}
              className="size-6!"
              label={t('metrics.removeFilter', { filter: text })}
              onClick={() => onChange(matchers.filter((_, other) => other !== index))}
            />
          </span>
        )
      })}
      {label === null ? (
        <Button icon={Plus} variant="quiet" onClick={() => setLabel('')}>
          {t('metrics.addFilter')}
        </Button>
      ) : label === '' ? (
        <LabelPicker selector={selector} onPick={setLabel} />
      ) : (
        <ValuePicker
          selector={selector}
          label={label}
          onPick={(value) => {
            onChange([...matchers, { label, operator: '=', value }])
            setLabel(null)
          }}
        />
      )}
    </>
  )
}

function LabelPicker({ selector, onPick }: { selector: Selector; onPick: (label: string) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const query = useQuery(metricLabelsQuery(writeSelector(selector)))
  const names = (query.data?.items ?? []).map(({ name }) => name).filter((name) => name !== '__name__')
  return (
    <div className="w-44">
      <Combobox
        hideLabel
        autoFocus
        label={t('metrics.label')}
        placeholder={t('metrics.label')}
        options={names.filter((name) => name.includes(text)).map((name) => ({ id: name, label: name }))}
        isSearching={query.isFetching}
        isFailed={query.isError}
        onSearch={setText}
        onPick={({ id }) => onPick(id)}
      />
    </div>
  )
}

type ValueProps = { selector: Selector; label: string; onPick: (value: string) => void }

function ValuePicker({ selector, label, onPick }: ValueProps) {
  const [text, setText] = useState('')
  const query = useQuery(labelValuesQuery(label, writeSelector(selector), text))
  const values = (query.data?.items ?? []).map(({ value }) => value)
  return (
    <div className="w-56">
      <Combobox
        key={label}
        hideLabel
        autoFocus
        label={label}
        placeholder={`${label} =`}
        options={values.map((value) => ({ id: value, label: value }))}
        isSearching={query.isFetching}
        isFailed={query.isError}
        onSearch={setText}
        onPick={({ id }) => onPick(id)}
      />
    </div>
  )
}

import { Plus, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { classes } from '@/components/Common/classes'
import { inputShape } from '@/components/Common/Field'
import { newPair, type Pair } from '../draft'
import { useForm } from '../hooks/useRuleForm'

const EXAMPLES = [
  ['{{ $labels.instance }}', 'label'],
  ['{{ $value }}', 'value'],
  ['{{ $value | humanize }}', 'humanize'],
  ['{{ $value | humanizePercentage }}', 'percentage'],
  ['{{ $value | humanizeDuration }}', 'duration'],
  ['{{ printf "%.2f" $value }}', 'printf'],
] as const

/** Labels and annotations that the rule puts on its alerts. */
export function WordingCard() {
  const { t } = useTranslation()
  return (
    <Card title={t('rule.wording')}>
      <div className="flex flex-col gap-4">
        <PairFields field="annotations" title={t('rule.annotations')} hint={t('rule.annotationsHint')} />
        <PairFields field="labels" title={t('alert.labels')} hint={t('rule.labelsHint')} />
        <details>
          <summary className="link w-fit">{t('rule.templateHelp')}</summary>
          <dl className="mt-2 grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 max-sm:grid-cols-1">
            {EXAMPLES.map(([text, key]) => (
              <div key={key} className="contents">
                <dt className="font-mono text-11">{text}</dt>
                <dd className="text-muted">{t(`rule.template.${key}`)}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </Card>
  )
}

function PairFields({ field, title, hint }: { field: 'labels' | 'annotations'; title: string; hint: string }) {
  const { t } = useTranslation()
  const { draft, change } = useForm()
  const pairs = draft[field]
  const set = (next: Pair[]) => change({ [field]: next })
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">{title}</legend>
      <p className="text-muted">{hint}</p>
      {pairs.map((pair, index) => (
        <PairRow
          key={pair.key}
          path={`${field}.${index}.name`}
          pair={pair}
          number={index + 1}
          title={title}
          onChange={(fields) => set(pairs.map((one) => (one.key === pair.key ? { ...one, ...fields } : one)))}
          onRemove={() => set(pairs.filter(({ key }) => key !== pair.key))}
        />
      ))}
      <Button icon={Plus} className="self-start" onClick={() => set([...pairs, newPair()])}>
        {t('rule.addTo', { what: title })}
      </Button>
    </fieldset>
  )
}

type RowProps = {
  path: string
  pair: Pair
  number: number
  title: string
  onChange: (fields: Partial<Pair>) => void
  onRemove: () => void
}

function PairRow({ path, pair, number, title, onChange, onRemove }: RowProps) {
  const { t } = useTranslation()
  const { errorOf, touch } = useForm()
  const error = errorOf(path)
  return (
    <div>
      <div className="flex items-start gap-2">
        <input
          aria-label={t('rule.pairName', { title, number })}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${path}-error` : undefined}
          placeholder={t('rule.name')}
          value={pair.name}
          onBlur={() => touch(path)}
          onChange={(event) => onChange({ name: event.target.value })}
          className={classes(inputShape, 'max-w-36 font-mono')}
        />
        <textarea
          aria-label={t('rule.pairValue', { title, number })}
          placeholder={t('rule.pairText')}
          rows={1}
          maxLength={4_000}
          value={pair.value}
          onChange={(event) => onChange({ value: event.target.value })}
          className={classes(inputShape, 'field-sizing-content h-auto! min-h-8 py-1.5')}
        />
        <IconButton icon={Trash2} label={t('rule.removePair', { title, number })} onClick={onRemove} />
      </div>
      {error && (
        <p id={`${path}-error`} className="mt-1 text-critical">
          {error}
        </p>
      )}
    </div>
  )
}

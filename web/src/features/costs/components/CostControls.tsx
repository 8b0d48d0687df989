import { X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import { inputShape } from '@/components/Common/Field'
import { Select } from '@/components/Common/Select'
import type { CostKind } from '../api'
import type { useCostView } from '../hooks/useCostView'

const GROUPS = [
  'provider',
  'service',
  'service_category',
  'sub_account',
  'region',
  'resource',
  'charge_category',
] as const
const COSTS: CostKind[] = ['effective', 'billed', 'list', 'contracted']
const TAG = 'tag:'

type Props = { view: ReturnType<typeof useCostView>; currencies: string[] }

/** What costs are grouped by, which cost is meant, and the filters in force. */
export function CostControls({ view, currencies }: Props) {
  const { t } = useTranslation()
  const { group, cost, currency, filterTexts, set } = view
  const isTag = group.startsWith(TAG)
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <Select
        label={t('cost.groupBy')}
        value={isTag ? TAG : group}
        options={[
          ...GROUPS.map((value) => ({ value: value as string, label: t(`dimension.${value}`) })),
          { value: TAG, label: t('dimension.tag') },
        ]}
        onChange={(value) => void set({ group: value === TAG ? `${TAG}team` : value })}
      />
      {isTag && (
        <TagKey key={group} value={group.slice(TAG.length)} onChange={(key) => void set({ group: TAG + key })} />
      )}
      <Select
        label={t('cost.kindLabel')}
        value={cost}
        options={COSTS.map((value) => ({ value, label: t(`costKind.${value}`) }))}
        onChange={(value) => void set({ cost: value as CostKind })}
      />
      {currencies.length > 1 && (
        <Select
          label={t('cost.currency')}
          value={currency ?? currencies[0] ?? ''}
          options={currencies.map((value) => ({ value, label: value }))}
          onChange={(value) => void set({ currency: value })}
        />
      )}
      {filterTexts.map((text) => (
        <button
          key={text}
          type="button"
          onClick={() => void set({ filter: filterTexts.filter((other) => other !== text) })}
          className="inline-flex h-7 max-w-72 items-center gap-1 rounded-control border border-accent px-2 max-md:h-9"
        >
          <span className="truncate">{text.replace(':', ': ')}</span>
          <X size={13} aria-hidden className="shrink-0" />
          <span className="sr-only">{t('filter.remove')}</span>
        </button>
      ))}
    </div>
  )
}

function TagKey({ value, onChange }: { value: string; onChange: (key: string) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState(value)
  const commit = () => {
    if (text.trim() && text.trim() !== value) onChange(text.trim())
  }
  return (
    <form
      className="w-32"
      onSubmit={(event) => {
        event.preventDefault()
        commit()
      }}
    >
      <input
        aria-label={t('cost.tagKey')}
        placeholder={t('cost.tagKey')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        className={classes(inputShape, 'h-7! max-md:h-9!')}
      />
    </form>
  )
}

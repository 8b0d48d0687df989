import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { inputShape } from '@/components/Common/Field'
import { SearchField } from '@/components/Common/SearchField'
import { Select } from '@/components/Common/Select'
import { useAuditFilter } from '../hooks/useAuditFilter'
import { OUTCOMES, type Outcome } from '../rules'

type Person = { id: string; name: string }

/** Narrows the log by who, what, how it ended and when. `people` are those who can be picked. */
export function AuditFilters({ people }: { people: Person[] }) {
  const { t } = useTranslation()
  const { filter, isFiltered, clear, set, setSearch } = useAuditFilter()
  const isKnown = people.some(({ id }) => id === filter.actor_id)
  const missing = filter.actor_id && !isKnown ? [{ id: filter.actor_id, name: filter.actor_id.slice(0, 8) }] : []
  return (
    <div role="group" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('audit.search')} value={filter.q} onChange={setSearch} />
      <Select
        hideLabel
        label={t('audit.actor')}
        value={filter.actor_id ?? ''}
        options={[
          { value: '', label: t('audit.anybody') },
          ...[...people, ...missing].map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={(id) => void set({ actor: id || null })}
      />
      <Select
        hideLabel
        label={t('audit.outcome')}
        value={filter.outcome ?? ''}
        options={[
          { value: '', label: t('audit.anyOutcome') },
          ...OUTCOMES.map((value) => ({ value, label: t(`auditOutcome.${value}`) })),
        ]}
        onChange={(value) => void set({ outcome: (value || null) as Outcome | null })}
      />
      <Day label={t('audit.from')} value={filter.from} onChange={(from) => void set({ from })} />
      <Day label={t('audit.to')} value={filter.to} onChange={(to) => void set({ to })} />
      <Narrowed label={t('audit.action')} value={filter.action} onClear={() => void set({ action: null })} />
      <Narrowed
        label={t('audit.subject')}
        value={[filter.subject_type, filter.subject_id?.slice(0, 8)].filter(Boolean).join(' ')}
        onClear={() => void set({ type: null, subject: null })}
      />
      {isFiltered && (
        <Button variant="quiet" onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

type DayProps = { label: string; value: string | null; onChange: (day: string | null) => void }

function Day({ label, value, onChange }: DayProps) {
  return (
    <label className="flex items-center gap-1.5 text-muted">
      {label}
      <input
        type="date"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || null)}
        className={`${inputShape} h-7! w-34! px-1.5! text-text max-md:h-9!`}
      />
    </label>
  )
}

/** A filter that was set from an entry, and the way to take it off. */
function Narrowed({ label, value, onClear }: { label: string; value: string | null; onClear: () => void }) {
  const { t } = useTranslation()
  if (!value) return null
  return (
    <button
      type="button"
      onClick={onClear}
      aria-label={`${t('filter.remove')}: ${label} ${value}`}
      className="inline-flex h-7 max-w-64 items-center gap-1 rounded-control border border-accent px-2 max-md:h-9"
    >
      <span className="text-muted">{label}</span> <span className="truncate font-mono text-11">{value}</span>
      <X size={13} aria-hidden />
    </button>
  )
}

import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { inputShape } from '@/components/Common/Field'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { providerName } from '@/components/Common/Provider'
import { SearchField } from '@/components/Common/SearchField'
import { Select } from '@/components/Common/Select'
import { useCan } from '@/services/permissions'
import type { Count } from '@/types/api'
import { facetsQuery } from '../api'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { typeName } from '../rules'

/** The filter bar of the resource list; each menu shows how many rows a value would leave. */
export function ResourceFilters() {
  const { t } = useTranslation()
  const { filter, sort, isActive, set, setSearch, clear } = useResourceFilter()
  const facets = useQuery({ ...facetsQuery(filter), enabled: useCan('inventory:read') }).data
  const options = (counts: Count[] | undefined, name: (key: string) => string = (key) => key) =>
    (counts ?? []).flatMap(({ key, count }) => (key === null ? [] : [{ value: key, label: name(key), count }]))

  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('resource.search')} value={filter.q} onChange={setSearch} />
      <FilterMenu
        label={t('resource.provider')}
        options={options(facets?.provider, providerName)}
        selected={filter.provider}
        onChange={(provider) => void set({ provider })}
      />
      <FilterMenu
        label={t('resource.type')}
        options={options(facets?.type, typeName)}
        selected={filter.type}
        onChange={(type) => void set({ type })}
      />
      <FilterMenu
        label={t('resource.region')}
        options={options(facets?.region)}
        selected={filter.region}
        onChange={(region) => void set({ region })}
      />
      <FilterMenu
        label={t('resource.status')}
        options={options(facets?.status)}
        selected={filter.status}
        onChange={(status) => void set({ status })}
      />
      <TagFilter key={filter.tag} value={filter.tag} onChange={(tag) => void set({ tag })} />
      <button
        type="button"
        aria-pressed={filter.stale}
        onClick={() => void set({ stale: !filter.stale })}
        className={classes(
          'h-7 rounded-control border px-2 max-md:h-9',
          filter.stale ? 'border-accent font-medium' : 'border-border bg-surface text-muted hover:bg-surface-2',
        )}
      >
        {t('resource.staleOnly')}
      </button>
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
      <span className="flex-1" />
      <Select
        label={t('resource.sort.label')}
        value={sort}
        options={[
          { value: 'name', label: t('resource.sort.name') },
          { value: '-cost', label: t('resource.sort.cost') },
          { value: '-first_seen', label: t('resource.sort.newest') },
          { value: 'type', label: t('resource.sort.type') },
          { value: 'region', label: t('resource.sort.region') },
        ]}
        onChange={(value) => void set({ sort: value as typeof sort })}
      />
    </div>
  )
}

function TagFilter({ value, onChange }: { value: string; onChange: (tag: string) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState(value)
  return (
    <form
      className="w-36"
      onSubmit={(event) => {
        event.preventDefault()
        onChange(text.trim())
      }}
    >
      <input
        aria-label={t('resource.tagFilter')}
        placeholder={t('resource.tagFilter')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text.trim() !== value && onChange(text.trim())}
        className={classes(inputShape, 'h-7! max-md:h-9!', value && 'border-accent')}
      />
    </form>
  )
}

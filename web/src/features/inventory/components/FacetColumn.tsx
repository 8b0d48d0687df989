import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FilterOption } from '@/components/Common/FilterMenu'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { formatNumber } from '@/services/format'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { useFacetOptions } from './ResourceFilters'

const AT_FIRST = 8

/** The filters beside the list, on a window wide enough: every value with its count. */
export function FacetColumn() {
  const { t } = useTranslation()
  const { filter, set } = useResourceFilter()
  const { query, groups } = useFacetOptions()
  return (
    <aside
      aria-label={t('resource.facets')}
      className="hidden w-52 shrink-0 flex-col gap-4 overflow-y-auto pr-1 xl:flex"
    >
      <QueryState compact query={query} permission="inventory:read" skeleton={<SkeletonRows rows={12} />}>
        {() =>
          groups.map(({ id, options }) => (
            <FacetGroup
              key={id}
              title={t(`resource.${id}`)}
              options={options}
              selected={filter[id]}
              onChange={(values) => void set({ [id]: values })}
            />
          ))
        }
      </QueryState>
    </aside>
  )
}

type GroupProps = { title: string; options: FilterOption[]; selected: string[]; onChange: (values: string[]) => void }

function FacetGroup({ title, options, selected, onChange }: GroupProps) {
  const { t } = useTranslation()
  const [all, setAll] = useState(false)
  // What is picked stays in sight, also when nothing of it is left.
  const missing = selected
    .filter((value) => !options.some((option) => option.value === value))
    .map((value): FilterOption => ({ value, label: value, count: 0 }))
  const known = [...missing, ...options]
  const shown = all ? known : known.filter(({ value }, index) => index < AT_FIRST || selected.includes(value))
  return (
    <fieldset>
      <legend className="mb-1 text-11 font-medium text-muted">{title}</legend>
      {known.length === 0 && <p className="text-muted">{t('filter.noValues')}</p>}
      {shown.map(({ value, label, count }) => (
        <label
          key={value}
          className="flex min-h-6.5 items-center gap-2 rounded-control px-1 hover:bg-surface-2"
          title={label}
        >
          <input
            type="checkbox"
            checked={selected.includes(value)}
            onChange={() =>
              onChange(selected.includes(value) ? selected.filter((item) => item !== value) : [...selected, value])
            }
            className="size-3.5 shrink-0 accent-accent"
          />
          <span className="min-w-0 flex-1 truncate">{label}</span>
          {count !== undefined && <span className="text-11 text-muted tabular-nums">{formatNumber(count)}</span>}
        </label>
      ))}
      {known.length > AT_FIRST && (
        <button type="button" className="link min-h-6 px-1 text-11" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? t('resource.fewer') : t('resource.allValues', { count: known.length })}
        </button>
      )}
    </fieldset>
  )
}

import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { providerName } from '@/components/Common/Provider'
import { Select } from '@/components/Common/Select'
import { TimeTravel } from '@/components/Common/TimeTravel'
import { useCan } from '@/services/permissions'
import type { Count } from '@/types/api'
import { facetsQuery } from '../api'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { typeName } from '../rules'
import { ColumnPicker } from './ColumnPicker'
import { ResourceViews } from './ResourceViews'
import { SearchLanguage } from './SearchLanguage'

/** The filters that are also facets: each with how many rows a value would leave. */
export function useFacetOptions() {
  const { filter } = useResourceFilter()
  const query = useQuery({ ...facetsQuery(filter), enabled: useCan('inventory:read') })
  const facets = query.data
  const options = (counts: Count[] | undefined, name: (key: string) => string = (key) => key) =>
    (counts ?? []).flatMap(({ key, count }) => (key === null ? [] : [{ value: key, label: name(key), count }]))
  return {
    query,
    groups: [
      { id: 'provider', options: options(facets?.provider, providerName) },
      { id: 'type', options: options(facets?.type, typeName) },
      { id: 'region', options: options(facets?.region) },
      { id: 'status', options: options(facets?.status) },
    ] as const,
  }
}

type Props = { error: Error | null; actions?: ReactNode }

/** The bar above the resource list: search, moment, views, columns; filters as menus where no column has room. */
export function ResourceFilters({ error, actions }: Props) {
  const { t } = useTranslation()
  const { filter, sort, isActive, set, clear } = useResourceFilter()
  const { query, groups } = useFacetOptions()
  const facets = query.data
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-col gap-2">
      <div className="flex flex-wrap items-start gap-2">
        <SearchLanguage
          label={t('resource.search')}
          value={filter.search}
          error={error}
          onChange={(search) => void set({ search })}
        />
        <TimeTravel at={filter.at} onChange={(at) => void set({ at })} />
        <ResourceViews />
        <ColumnPicker />
        {actions}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <span className="contents xl:hidden">
          {groups.map(({ id, options }) => (
            <FilterMenu
              key={id}
              label={t(`resource.${id}`)}
              options={options}
              selected={filter[id]}
              onChange={(values) => void set({ [id]: values })}
            />
          ))}
        </span>
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
        {facets && !facets.exact && (
          <span className="text-11 text-muted">
            {t(facets.estimated ? 'resource.countedBySample' : 'resource.countedInPart')}
          </span>
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
    </div>
  )
}

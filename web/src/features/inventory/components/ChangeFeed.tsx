import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { X } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { Provider, providerName } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SearchField } from '@/components/Common/SearchField'
import { Select } from '@/components/Common/Select'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { formatNumber } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { ResourceChange } from '@/types/api'
import { changeFeedQuery, inventorySummaryQuery } from '../api'
import { CHANGE_KINDS, useChangeFilter } from '../hooks/useChangeFilter'
import { typeName } from '../rules'
import { ChangeKind } from './ChangeKind'
import { SearchLanguage } from './SearchLanguage'

/** The feed's answer; its failure is also what the search field shows. */
export function useChanges() {
  const { filter } = useChangeFilter()
  const query = useInfiniteQuery({ ...changeFeedQuery(filter), enabled: useCan('inventory:read') })
  return { query, ...useRows<ResourceChange>(query) }
}

/** Which changes the feed shows. */
export function ChangeFilters({ error }: { error: Error | null }) {
  const { t } = useTranslation()
  const { filter, isActive, set, clear } = useChangeFilter()
  const { data: summary } = useQuery({ ...inventorySummaryQuery(), enabled: useCan('inventory:read') })
  const options = (counts: { key: string | null }[] | undefined, name: (key: string) => string) =>
    (counts ?? []).flatMap(({ key }) => (key === null ? [] : [{ value: key, label: name(key) }]))
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-start gap-2">
      <SearchLanguage
        label={t('change.search')}
        value={filter.search}
        error={error}
        onChange={(search) => void set({ search })}
      />
      <Select
        hideLabel
        label={t('change.kindLabel')}
        value={filter.kind ?? ''}
        options={[
          { value: '', label: t('change.allKinds') },
          ...CHANGE_KINDS.map((value) => ({ value, label: t(`change.kind.${value}`) })),
        ]}
        onChange={(value) => void set({ kind: CHANGE_KINDS.find((kind) => kind === value) ?? null })}
      />
      <div className="w-52">
        <SearchField
          label={t('change.actor')}
          value={filter.actor}
          onChange={(actor) => void set({ actor }, { history: 'replace' })}
        />
      </div>
      <FilterMenu
        label={t('resource.provider')}
        options={options(summary?.by_provider, providerName)}
        selected={filter.provider}
        onChange={(provider) => void set({ provider })}
      />
      <FilterMenu
        label={t('resource.type')}
        options={options(summary?.by_type, typeName)}
        selected={filter.type}
        onChange={(type) => void set({ type })}
      />
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

/** Everything that changed in the clouds, newest first, with who did it. */
export function ChangeFeed({ openId, onOpen }: { openId: string | null; onOpen: (id: string) => void }) {
  const { t } = useTranslation()
  const { isActive, clear } = useChangeFilter()
  const { query, rows, total, loadMore } = useChanges()
  const columns = useChangeColumns()
  return (
    <QueryState
      query={query}
      permission="inventory:read"
      skeleton={<SkeletonRows rows={18} />}
      isEmpty={() => rows.length === 0}
      firstUse={{ title: t('change.emptyTitle'), text: t('change.emptyText') }}
      noMatch={isActive ? { text: t('change.noMatch'), onClear: clear } : null}
    >
      {() => (
        <VirtualTable
          label={t('page.changes')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={({ id }) => id}
          rowName={({ name, native_id }) => name || native_id}
          narrowRow={(row) => (
            <div className="flex flex-col gap-0.5">
              <div className="flex items-center justify-between gap-3">
                <ChangeKind kind={row.kind} />
                <Time at={row.at} className="text-muted" />
              </div>
              <div className="truncate">
                {row.name || row.native_id} <span className="text-muted">{row.actor}</span>
              </div>
            </div>
          )}
          openId={openId}
          onOpen={onOpen}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

const MOST_PATHS = 3

/** "properties.State, tags.env and 2 more": what of a resource changed. */
function changedFields({ changes }: ResourceChange, t: TFunction): string {
  const paths = changes.map(({ path }) => path.replace(/^\//, '').replaceAll('/', '.'))
  const shown = paths.slice(0, MOST_PATHS).join(', ')
  return paths.length > MOST_PATHS ? `${shown} ${t('change.more', { count: paths.length - MOST_PATHS })}` : shown
}

function useChangeColumns(): Column<ResourceChange>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      { id: 'kind', header: t('change.kindLabel'), track: '104px', cell: ({ kind }) => <ChangeKind kind={kind} /> },
      {
        id: 'name',
        header: t('resource.one'),
        track: 'minmax(180px, 2fr)',
        cell: (row) => (
          <span className="font-medium" title={row.native_id}>
            {row.name || row.native_id}
          </span>
        ),
      },
      {
        id: 'type',
        drop: 3,
        header: t('resource.type'),
        track: 'minmax(140px, 1.2fr)',
        cell: (row) => <span className="font-mono text-11">{row.native_type}</span>,
      },
      {
        id: 'fields',
        drop: 2,
        header: t('change.what'),
        track: 'minmax(160px, 2fr)',
        cell: (row) => (
          <span className="font-mono text-11">
            {row.kind === 'updated'
              ? changedFields(row, t)
              : row.changes.length > 0
                ? formatNumber(row.changes.length)
                : ''}
          </span>
        ),
      },
      {
        id: 'actor',
        drop: 1,
        header: t('change.actor'),
        track: 'minmax(130px, 1.4fr)',
        cell: ({ actor, action }) =>
          actor ? <span title={action ?? undefined}>{actor}</span> : <span className="text-muted">–</span>,
      },
      {
        id: 'provider',
        drop: 4,
        header: t('resource.provider'),
        track: '116px',
        cell: ({ provider }) => <Provider provider={provider} />,
      },
      {
        id: 'at',
        header: t('change.when'),
        track: '104px',
        align: 'end',
        cell: ({ at }) => <Time at={at} className="text-muted" />,
      },
    ],
    [t],
  )
}

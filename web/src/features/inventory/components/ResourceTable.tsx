import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Badge } from '@/components/Common/Badge'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Resource } from '@/types/api'
import { resourcesQuery } from '../api'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { statusTone, typeName } from '../rules'

type Props = {
  openId: string | null
  onOpen: (id: string) => void
  accountName: (id: string) => string
  firstUse: FirstUse
}

/** The resource list: any number of rows, loaded as one scrolls. */
export function ResourceTable({ openId, onOpen, accountName, firstUse }: Props) {
  const { t } = useTranslation()
  const { filter, sort, isActive, clear } = useResourceFilter()
  const query = useInfiniteQuery({ ...resourcesQuery(filter, sort), enabled: useCan('inventory:read') })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns(accountName)
  return (
    <QueryState
      query={query}
      permission="inventory:read"
      skeleton={<SkeletonRows rows={18} />}
      isEmpty={() => rows.length === 0}
      firstUse={firstUse}
      noMatch={isActive ? { text: t('resource.noMatch'), onClear: clear } : null}
    >
      {() => (
        <VirtualTable
          label={t('page.resources')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.id}
          rowName={(row) => row.name || row.native_id}
          narrowRow={(row) => <NarrowRow resource={row} />}
          openId={openId}
          onOpen={onOpen}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

function useColumns(accountName: (id: string) => string): Column<Resource>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('resource.name'),
        track: 'minmax(200px, 3fr)',
        cell: (row) => (
          <span className="font-medium" title={row.native_id}>
            {row.name || row.native_id}
          </span>
        ),
      },
      { id: 'type', header: t('resource.type'), track: 'minmax(130px, 1.5fr)', cell: (row) => typeName(row.type) },
      {
        id: 'status',
        header: t('resource.status'),
        track: '124px',
        cell: (row) =>
          row.stale ? (
            <Badge tone="warning">{t('resource.stale')}</Badge>
          ) : row.status ? (
            <Badge tone={statusTone(row.status)}>{row.status}</Badge>
          ) : null,
      },
      { id: 'region', drop: 2, header: t('resource.region'), track: '120px', cell: (row) => row.region },
      {
        id: 'account',
        drop: 3,
        header: t('resource.account'),
        track: 'minmax(120px, 1.2fr)',
        cell: (row) => accountName(row.account_id),
      },
      {
        id: 'provider',
        drop: 5,
        header: t('resource.provider'),
        track: '100px',
        cell: (row) => <Provider provider={row.provider} />,
      },
      {
        id: 'cost',
        drop: 1,
        header: t('resource.monthlyCost'),
        track: '124px',
        align: 'end',
        cell: (row) =>
          row.monthly_cost.length > 0 ? <Amount sums={row.monthly_cost} /> : <span className="text-muted">–</span>,
      },
      {
        id: 'seen',
        drop: 4,
        header: t('resource.lastSeen'),
        track: '104px',
        align: 'end',
        cell: (row) => <Time at={row.last_seen_at} className="text-muted" />,
      },
    ],
    [t, accountName],
  )
}

function NarrowRow({ resource }: { resource: Resource }) {
  return (
    <div className="flex flex-col gap-0.5">
      <div className="flex items-baseline justify-between gap-2">
        <span className="truncate font-medium">{resource.name || resource.native_id}</span>
        {resource.monthly_cost.length > 0 && <Amount sums={resource.monthly_cost} className="shrink-0" />}
      </div>
      <div className="flex items-center gap-3 text-13 text-muted">
        <span className="truncate">{typeName(resource.type)}</span>
        <span className="truncate">{resource.region}</span>
        <span className="flex-1" />
        {resource.status && <Badge tone={statusTone(resource.status)}>{resource.status}</Badge>}
      </div>
    </div>
  )
}

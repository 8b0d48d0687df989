import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { parseAsString, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Select } from '@/components/Common/Select'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { formatNumber } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import { typeName } from '@/services/typeName'
import type { Orphan } from '@/types/api'
import { orphanSummaryQuery, orphansQuery } from '../api'
import type { MapView } from '../hooks/useMapView'

type Props = { view: MapView; accountName: (id: string) => string }

/** What nothing uses, with the reason and what it costs a month, the most expensive first. */
export function OrphanList({ view, accountName }: Props) {
  const { t } = useTranslation()
  const [reason, setReason] = useQueryState('reason', parseAsString.withOptions({ history: 'push' }))
  const allowed = useCan('topology:read')
  const query = useInfiniteQuery({ ...orphansQuery({ accountId: view.accountId, reason }), enabled: allowed })
  const { data: summary } = useQuery({ ...orphanSummaryQuery(), enabled: allowed })
  const reasons = useMemo(() => (summary?.items ?? []).filter(({ count }) => count > 0), [summary])
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns(accountName)
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Select
          label={t('orphan.reason')}
          value={reason ?? ''}
          options={[
            { value: '', label: t('orphan.anyReason') },
            ...reasons.map((item) => ({ value: item.reason, label: `${item.title} (${formatNumber(item.count)})` })),
          ]}
          onChange={(value) => void setReason(value || null)}
        />
        {summary && summary.monthly_cost.length > 0 && !view.accountId && (
          <span className="text-muted">
            {t('orphan.total')} <Amount sums={summary.monthly_cost} className="text-text" />
          </span>
        )}
      </div>
      <QueryState
        query={query}
        permission="topology:read"
        skeleton={<SkeletonRows rows={8} />}
        isEmpty={() => rows.length === 0}
        firstUse={{ title: t('orphan.noneTitle'), text: t('orphan.noneText') }}
        noMatch={reason ? { text: t('orphan.noMatch'), onClear: () => void setReason(null) } : null}
      >
        {() => (
          <VirtualTable
            label={t('map.mode.orphans')}
            rows={rows}
            columns={columns}
            total={total}
            rowId={(row) => row.resource_id}
            rowName={nameOf}
            narrowRow={(row) => (
              <div className="flex flex-col gap-0.5">
                <div className="flex items-baseline justify-between gap-2">
                  <span className="truncate font-medium">{nameOf(row)}</span>
                  <Amount sums={row.monthly_cost} className="shrink-0" />
                </div>
                <span className="truncate text-13 text-muted">{row.detail}</span>
              </div>
            )}
            openId={view.id}
            onOpen={(id) => void view.set({ id }, { history: view.id ? 'replace' : 'push' })}
            onEndReached={loadMore}
          />
        )}
      </QueryState>
    </>
  )
}

const nameOf = ({ name, native_id }: Orphan): string => name || native_id

function useColumns(accountName: (id: string) => string): Column<Orphan>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('resource.name'),
        track: 'minmax(160px, 1.6fr)',
        cell: (row) => (
          <span className="font-medium" title={row.native_id}>
            {nameOf(row)}
          </span>
        ),
      },
      {
        id: 'type',
        drop: 2,
        header: t('resource.type'),
        track: 'minmax(110px, 1fr)',
        cell: (row) => typeName(row.type),
      },
      {
        id: 'provider',
        drop: 4,
        header: t('resource.provider'),
        track: '128px',
        cell: (row) => <Provider provider={row.provider} />,
      },
      {
        id: 'account',
        drop: 3,
        header: t('resource.account'),
        track: 'minmax(100px, 0.8fr)',
        cell: (row) => accountName(row.account_id),
      },
      {
        id: 'detail',
        header: t('orphan.why'),
        track: 'minmax(180px, 3fr)',
        cell: (row) => <span title={row.detail}>{row.detail}</span>,
      },
      {
        id: 'since',
        drop: 5,
        header: t('exposure.since'),
        track: '104px',
        align: 'end',
        cell: (row) => <Time at={row.since} className="text-muted" />,
      },
      {
        id: 'cost',
        header: t('resource.monthlyCost'),
        track: '110px',
        align: 'end',
        cell: (row) =>
          row.monthly_cost.length > 0 ? <Amount sums={row.monthly_cost} /> : <span className="text-muted">–</span>,
      },
    ],
    [t, accountName],
  )
}

import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { typeName } from '@/services/typeName'
import type { Orphan, Page } from '@/types/api'
import type { MapView } from '../hooks/useMapView'

type Answered = Pick<Orphan, 'resource_id' | 'native_id' | 'name' | 'type' | 'provider' | 'account_id' | 'since'>

export type AnswerListProps = { view: MapView; accountName: (id: string) => string }

type Props<Row extends Answered> = AnswerListProps & {
  label: string
  query: UseInfiniteQueryResult<InfiniteData<Page<Row>>>
  /** Why a resource is in the list. */
  reason: { header: string; of: (row: Row) => string }
  /** What only this list tells; its identity is to stay from drawing to drawing. */
  ownColumns: Column<Row>[]
  /** Beside the name on a narrow screen. */
  aside?: (row: Row) => ReactNode
  firstUse: FirstUse
  noMatch: { text: string; onClear: () => void } | null
}

const nameOf = ({ name, native_id }: Answered): string => name || native_id

/** Resources that answer a question without a start, each with the reason; a row opens the resource beside the list. */
export function AnswerList<Row extends Answered>(props: Props<Row>) {
  const { view, label, query, reason, aside, firstUse, noMatch } = props
  const { rows, total, loadMore } = useRows<Row>(query)
  const columns = useColumns(props)
  return (
    <QueryState
      query={query}
      permission="topology:read"
      skeleton={<SkeletonRows rows={8} />}
      isEmpty={() => rows.length === 0}
      firstUse={firstUse}
      noMatch={noMatch}
    >
      {() => (
        <VirtualTable
          label={label}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.resource_id}
          rowName={nameOf}
          narrowRow={(row) => (
            <div className="flex flex-col gap-0.5">
              <div className="flex items-baseline justify-between gap-2">
                <span className="truncate font-medium">{nameOf(row)}</span>
                {aside?.(row)}
              </div>
              <span className="truncate text-13 text-muted">{reason.of(row)}</span>
            </div>
          )}
          openId={view.id}
          onOpen={(id) => void view.set({ id }, { history: view.id ? 'replace' : 'push' })}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

function useColumns<Row extends Answered>({ reason, ownColumns, accountName }: Props<Row>): Column<Row>[] {
  const { t } = useTranslation()
  const { header, of } = reason
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
        track: 'minmax(120px, 1.2fr)',
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
        track: 'minmax(110px, 1.1fr)',
        cell: (row) => accountName(row.account_id),
      },
      {
        id: 'reason',
        header,
        track: 'minmax(180px, 2.6fr)',
        cell: (row) => <span title={of(row)}>{of(row)}</span>,
      },
      ...ownColumns,
      {
        id: 'since',
        drop: 5,
        header: t('exposure.since'),
        track: '104px',
        align: 'end',
        cell: (row) => <Time at={row.since} className="text-muted" />,
      },
    ],
    [t, accountName, header, of, ownColumns],
  )
}

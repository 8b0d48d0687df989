import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Resource } from '@/types/api'
import { resourcesQuery } from '../api'
import { useResourceColumns } from '../hooks/useResourceColumns'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { statusTone, typeName } from '../rules'

type Props = {
  openId: string | null
  onOpen: (id: string) => void
  accountName: (id: string) => string
  firstUse: FirstUse
  selection?: { selected: ReadonlySet<string>; toggle: (id: string) => void }
}

/** The list's answer; its failure is also what the search field above shows. */
export function useResources() {
  const { filter, sort } = useResourceFilter()
  const query = useInfiniteQuery({ ...resourcesQuery(filter, sort), enabled: useCan('inventory:read') })
  return { query, ...useRows<Resource>(query) }
}

/** The resource list: any number of rows, loaded as one scrolls. */
export function ResourceTable({ openId, onOpen, accountName, firstUse, selection }: Props) {
  const { t } = useTranslation()
  const { isActive, clear, columns: names } = useResourceFilter()
  const { query, rows, total, loadMore } = useResources()
  const columns = useResourceColumns(names, accountName)
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
          selection={selection}
        />
      )}
    </QueryState>
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

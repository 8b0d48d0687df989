import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Differences } from '@/components/Common/Differences'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import { resourceHistoryQuery } from '../api'
import { ChangeActor } from './ChangeActor'
import { ChangeKind } from './ChangeKind'

/** Every change of one resource, newest first, with what was there before and after. */
export function ResourceHistory({ id }: { id: string }) {
  const { t } = useTranslation()
  const query = useInfiniteQuery({ ...resourceHistoryQuery(id), enabled: useCan('inventory:read') })
  const { rows, loadMore } = useRows(query)
  return (
    <QueryState
      query={query}
      permission="inventory:read"
      skeleton={<SkeletonRows rows={4} />}
      isEmpty={() => rows.length === 0}
      firstUse={{ title: t('change.emptyTitle'), text: t('change.emptyText') }}
    >
      {() => (
        <>
          <ol className="flex flex-col gap-2">
            {rows.map((change) => (
              <li key={change.id} className="rounded-control border border-border bg-surface p-2.5">
                <div className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 not-last:mb-1">
                  <ChangeKind kind={change.kind} />
                  <ChangeActor change={change} />
                  <span className="flex-1" />
                  <Time at={change.at} className="text-muted" />
                </div>
                {change.kind === 'updated' && <Differences changes={change.changes} />}
              </li>
            ))}
          </ol>
          {query.hasNextPage && (
            <Button className="mt-3" onClick={loadMore} busy={query.isFetchingNextPage}>
              {t('action.showMore')}
            </Button>
          )}
        </>
      )}
    </QueryState>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { recentChangesQuery } from '../api'
import { ChangeKind } from './ChangeKind'

/** The newest changes of any resource; each leads to that resource's history. */
export function RecentChanges({ accountId }: { accountId: string | null }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...recentChangesQuery(accountId), enabled: useCan('inventory:read') })
  return (
    <Card title={t('dashboard.recentChanges')} flush>
      <QueryState
        query={query}
        permission="inventory:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('change.emptyTitle'), text: t('change.emptyText') }}
      >
        {({ items }) => (
          <ul className="pb-1.5">
            {items.map((change) => (
              <li key={change.id}>
                <Link
                  to={scopedLink(`/resources/${change.resource_id}`, { tab: 'history' })}
                  className="grid min-h-(--row-height) grid-cols-[84px_minmax(0,1fr)_auto] items-center gap-2 px-3 hover:bg-surface-2 max-md:min-h-11"
                >
                  <ChangeKind kind={change.kind} />
                  <span className="truncate" title={change.native_id}>
                    {change.name || change.native_id} <span className="text-muted">{change.native_type}</span>
                  </span>
                  <Time at={change.at} className="text-muted" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import type { AlertStatus } from '@/types/api'
import { newestAlertsQuery } from '../api'

const OPEN: AlertStatus[] = ['firing', 'acknowledged']
const SHOWN = 8

/** The newest open alerts, of everything or of one resource. */
export function AlertList({ title, resourceId }: { title: string; resourceId?: string }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({
    ...newestAlertsQuery({ status: OPEN, resource_id: resourceId }, SHOWN),
    enabled: useCan('alerts:read'),
  })
  return (
    <Card
      title={title}
      flush
      aside={
        !resourceId && (
          <Link className="link" to={scopedLink('/alerts')}>
            {t('action.showAll')}
          </Link>
        )
      }
    >
      <QueryState
        query={query}
        permission="alerts:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={
          resourceId
            ? { title: t('alert.noneHere'), quiet: true }
            : { title: t('alert.noneOpenTitle'), text: t('alert.noneOpenText') }
        }
      >
        {({ items }) => (
          <ul className="pb-1.5">
            {items.map((alert) => (
              <li key={alert.id}>
                <Link
                  to={scopedLink('/alerts', { id: alert.id })}
                  className="flex min-h-(--row-height) items-center gap-2 px-3 hover:bg-surface-2 max-md:min-h-11"
                >
                  <SeverityMark severity={alert.severity} shapeOnly />
                  <span className="min-w-0 flex-1 truncate">{alert.title}</span>
                  <Time at={alert.started_at} className="shrink-0 text-muted" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge } from '@/components/Common/Badge'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { resourceAnomaliesQuery } from '../api'
import { STATE_TONES } from '../rules'

/** The newest anomalies of one resource's series. */
export function ResourceAnomalies({ id }: { id: string }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...resourceAnomaliesQuery(id), enabled: useCan('metrics:read') })
  return (
    <Card title={t('page.anomalies')} flush>
      <QueryState
        query={query}
        permission="metrics:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('anomaly.noneHere'), quiet: true }}
      >
        {({ items }) => (
          <ul className="pb-1.5">
            {items.map((anomaly) => (
              <li key={anomaly.id}>
                <Link
                  to={scopedLink('/metrics/anomalies', { id: anomaly.id })}
                  className="flex min-h-(--row-height) items-center gap-3 px-3 hover:bg-surface-2 max-md:min-h-11"
                >
                  <Badge tone={STATE_TONES[anomaly.state]}>{t(`anomaly.stateName.${anomaly.state}`)}</Badge>
                  <span className="min-w-0 flex-1 truncate">
                    {t(`anomaly.kindName.${anomaly.kind}`)} <span className="text-muted">{anomaly.name}</span>
                  </span>
                  <Time at={anomaly.started_at} className="shrink-0 text-muted" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { sessionsQuery, useEndSession } from '../api'

/** Where one is signed in, each to be ended. */
export function SessionList() {
  const { t } = useTranslation()
  const query = useQuery({ ...sessionsQuery(), enabled: useCan('profile:read') })
  const end = useEndSession()
  return (
    <Card title={t('session.title')} flush>
      <QueryState
        query={query}
        permission="profile:read"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('session.empty') }}
      >
        {({ items }) => (
          <ul className="divide-y divide-border pb-1">
            {items.map((session) => (
              <li key={session.id} className="flex min-h-11 flex-wrap items-center gap-x-4 px-3 py-1">
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{session.device}</span>
                  <span className="text-muted">
                    {session.client_address} · {t('session.seen')} <Time at={session.last_seen_at} />
                  </span>
                </span>
                {session.current ? (
                  <Badge tone="ok">{t('session.current')}</Badge>
                ) : (
                  <Button busy={end.isPending && end.variables === session.id} onClick={() => end.mutate(session.id)}>
                    {t('session.end')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { sessionsQuery, useEndOtherSessions, useEndSession } from '../api/sessions'

/** Where one is signed in: the device, its network address and how it got in; each can be ended, or all others. */
export function SessionList() {
  const { t } = useTranslation()
  const query = useQuery({ ...sessionsQuery(), enabled: useCan('profile:read') })
  const end = useEndSession()
  const [endingAll, setEndingAll] = useState(false)
  const others = query.data?.items.filter(({ current }) => !current).length ?? 0
  return (
    <Card
      flush
      title={t('session.title')}
      aside={others > 0 && <Button onClick={() => setEndingAll(true)}>{t('session.endOthers')}</Button>}
    >
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
                    {session.client_address} ·{' '}
                    {session.amr.map((way) => t(`amr.${way}` as 'amr.pwd', { defaultValue: way })).join(' + ')} ·{' '}
                    {t('session.begun')} <Time at={session.created_at} /> · {t('session.seen')}{' '}
                    <Time at={session.last_seen_at} />
                  </span>
                </span>
                {session.current ? (
                  <Badge tone="ok">{t('session.current')}</Badge>
                ) : (
                  <Button
                    aria-label={t('session.endNamed', { device: session.device })}
                    busy={end.isPending && end.variables === session.id}
                    onClick={() => end.mutate(session.id)}
                  >
                    {t('session.end')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </QueryState>
      {endingAll && <EndOthers onClose={() => setEndingAll(false)} />}
    </Card>
  )
}

function EndOthers({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const end = useEndOtherSessions()
  return (
    <ConfirmDialog
      title={t('session.endOthers')}
      text={t('session.endOthersText')}
      confirmLabel={t('session.endOthers')}
      mutation={end}
      onConfirm={() =>
        end.mutate(undefined, {
          onSuccess: ({ ended }) => {
            toast({ kind: 'ok', text: t('session.ended', { count: ended }) })
            onClose()
          },
        })
      }
      onClose={onClose}
    />
  )
}

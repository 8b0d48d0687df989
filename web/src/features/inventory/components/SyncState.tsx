import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, type Tone } from '@/components/Common/Badge'
import { Card } from '@/components/Common/Card'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { UnitState } from '@/types/api'
import { syncStateQuery } from '../api'

const TONES: Record<UnitState, Tone> = { complete: 'ok', partial: 'warning', failed: 'bad', never: 'neutral' }

/** How current each account is: units read in full, in part or not at all. */
export function SyncState({ accountId }: { accountId: string | null }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...syncStateQuery(), enabled: useCan('inventory:read') })
  return (
    <Card title={t('dashboard.syncState')} flush>
      <QueryState
        query={query}
        permission="inventory:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('sync.emptyTitle'), text: t('sync.emptyText') }}
      >
        {({ items }) => (
          <ul className="pb-1.5">
            {items
              .filter((account) => !accountId || account.account_id === accountId)
              .map((account) => (
                <li key={account.account_id}>
                  <Link
                    to={scopedLink('/accounts', { id: account.account_id })}
                    className="grid min-h-(--row-height) grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 px-3 hover:bg-surface-2 max-md:min-h-11 md:grid-cols-[minmax(0,1.4fr)_110px_minmax(0,1.6fr)_120px]"
                  >
                    <span className="flex min-w-0 items-center gap-2">
                      <Provider provider={account.provider} />
                      <span className="truncate font-medium">{account.name}</span>
                    </span>
                    <Badge tone={TONES[account.state]}>{t(`unitState.${account.state}`)}</Badge>
                    <span className="truncate text-muted tabular-nums max-md:hidden">
                      {t('sync.units', {
                        complete: formatNumber(account.complete),
                        total: formatNumber(account.units),
                      })}
                      {account.failed > 0 && ` · ${t('sync.failedUnits', { count: account.failed })}`}
                      {account.stale_resources > 0 &&
                        ` · ${t('sync.staleResources', { count: account.stale_resources })}`}
                    </span>
                    <Time at={account.last_synced_at} className="text-right text-muted max-md:hidden" />
                  </Link>
                </li>
              ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

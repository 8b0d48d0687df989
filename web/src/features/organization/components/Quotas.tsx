import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Card } from '@/components/Common/Card'
import { Progress } from '@/components/Common/Progress'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { formatBytes, formatMoney, formatNumber, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Quota } from '@/types/api'
import { quotasQuery } from '../api/usage'
import { quotaTone, usedPercent } from '../rules'

/** What the organization may use, and how much of it is used. Limits are set by who runs the installation. */
export function Quotas() {
  const { t } = useTranslation()
  const query = useQuery({ ...quotasQuery(), enabled: useCan('organization:read') })
  return (
    <Card title={t('quotas.title')} flush>
      <QueryState
        query={query}
        permission="organization:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={(quotas) => quotas.length === 0}
        firstUse={{ title: t('quotas.empty') }}
      >
        {(quotas) => (
          <ul className="divide-y divide-border">
            {quotas.map((quota) => (
              <QuotaRow key={quota.kind} quota={quota} />
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

function amount(value: number, unit: string): string {
  if (unit === 'byte') return formatBytes(value)
  if (unit === 'usd_cent') return formatMoney({ amount: String(value / 100), currency: 'USD' })
  return formatNumber(value)
}

function QuotaRow({ quota }: { quota: Quota }) {
  const { t } = useTranslation()
  const { kind, limit, used, unit, period } = quota
  const percent = usedPercent(quota)
  const name = t(`quotaKind.${kind}` as 'quotaKind.accounts', { defaultValue: kind })
  return (
    <li className="flex flex-col gap-1.5 px-3 py-2.5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="font-medium">
          {name}
          {period && <span className="font-normal text-muted"> · {t(`quotaPeriod.${period}`)}</span>}
        </span>
        <span className="tabular-nums">
          {amount(used, unit)}{' '}
          <span className="text-muted">
            {limit === null ? t('quotas.noLimit') : t('quotas.of', { limit: amount(limit, unit) })}
          </span>
        </span>
      </div>
      {limit !== null && (
        <div className="flex items-center gap-3">
          <Progress label={name} done={used} total={limit} />
          <Badge tone={quotaTone(percent)}>{formatPercent(percent ?? 0, 0)}</Badge>
        </div>
      )}
    </li>
  )
}

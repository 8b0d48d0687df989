import { useInfiniteQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { IconButton } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { Section } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useAllRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { SyncUnit } from '@/types/api'
import { accountUnitsQuery, useRetryUnit } from '../api'
import { sortUnits, UNIT_TONES } from '../rules'

/** How each service and region was last read; what failed comes first, with the permission that was missing. */
export function SyncUnits({ accountId }: { accountId: string }) {
  const { t } = useTranslation()
  const query = useInfiniteQuery({ ...accountUnitsQuery(accountId), enabled: useCan('accounts:read') })
  const rows = useAllRows(query)
  const units = useMemo(() => sortUnits(rows), [rows])
  const complete = units.filter(({ state }) => state === 'complete').length
  return (
    <Section
      title={t('sync.unitsTitle')}
      aside={
        units.length > 0 && (
          <span className="text-muted tabular-nums">
            {t('sync.units', { complete: formatNumber(complete), total: formatNumber(units.length) })}
          </span>
        )
      }
    >
      <QueryState
        query={query}
        permission="accounts:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={() => units.length === 0}
        firstUse={{ title: t('sync.noUnitsTitle'), text: t('sync.noUnitsText') }}
      >
        {() => (
          <ul className="divide-y divide-border rounded-control border border-border">
            {units.map((unit) => (
              <UnitRow key={unit.id} accountId={accountId} unit={unit} />
            ))}
          </ul>
        )}
      </QueryState>
    </Section>
  )
}

function UnitRow({ accountId, unit }: { accountId: string; unit: SyncUnit }) {
  const { t } = useTranslation()
  const retry = useRetryUnit(accountId)
  const maySync = useCan('accounts:sync')
  const mayRetry = maySync && (unit.state === 'failed' || unit.state === 'partial')
  return (
    <li className="px-2.5 py-1">
      <div className="grid grid-cols-[minmax(0,1fr)_92px_56px_84px_28px] items-center gap-2 max-md:grid-cols-[92px_minmax(0,1fr)_84px_28px] max-md:gap-y-0">
        <span className="truncate max-md:col-span-full">
          <span className="font-medium">{unit.service}</span> <span className="text-muted">{unit.region}</span>
        </span>
        <Badge tone={UNIT_TONES[unit.state]}>{t(`unitState.${unit.state}`)}</Badge>
        <span className="text-right text-muted tabular-nums">
          {unit.state === 'never' || unit.resources === null ? '–' : formatNumber(unit.resources)}
        </span>
        <Time at={unit.last_complete_at ?? unit.last_attempt_at} className="truncate text-right text-muted" />
        {mayRetry && (
          <IconButton
            icon={RotateCw}
            label={t('sync.retry', { unit: `${unit.service} ${unit.region}` })}
            spinning={retry.isPending}
            disabled={retry.isPending || retry.isSuccess}
            onClick={() => retry.mutate(unit.id)}
          />
        )}
      </div>
      {retry.isSuccess && (
        <p role="status" className="text-muted">
          {t('sync.retrying')}
        </p>
      )}
      {unit.error && <p className="break-words text-muted">{unit.error}</p>}
      {unit.missing_permissions.length > 0 && (
        <p className="text-medium">
          {t('sync.missingPermissions')}{' '}
          <span className="font-mono text-11">{unit.missing_permissions.join(', ')}</span>
        </p>
      )}
    </li>
  )
}

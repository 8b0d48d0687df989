import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { Section } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useIsNarrow } from '@/hooks/useMediaQuery'
import { cutMiddle, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { CoverageItem } from '@/types/api'
import { accountCoverageQuery, accountGrantQuery } from '../api'
import { coverageName, coverageState, sortCoverage, UNIT_TONES } from '../rules'
import { GrantText } from './GrantText'

/** How well each type is read, what keeps the rest from being read, and what grants it. */
export function AccountCoverage({ accountId }: { accountId: string }) {
  const { t } = useTranslation()
  const query = useQuery({ ...accountCoverageQuery(accountId), enabled: useCan('accounts:read') })
  const items = useMemo(() => sortCoverage(query.data?.items ?? []), [query.data])
  const whole = items.filter((item) => coverageState(item) === 'complete').length
  const lacks = items.some(({ missing_permissions: missing }) => missing.length > 0)
  return (
    <>
      {lacks && <MissingGrant accountId={accountId} />}
      <Section
        title={t('coverage.title')}
        aside={
          items.length > 0 && (
            <span className="text-muted tabular-nums">
              {t('coverage.summary', { complete: formatNumber(whole), total: formatNumber(items.length) })}
            </span>
          )
        }
      >
        <QueryState
          query={query}
          permission="accounts:read"
          skeleton={<SkeletonRows rows={8} />}
          isEmpty={() => items.length === 0}
          firstUse={{ title: t('coverage.emptyTitle'), text: t('coverage.emptyText') }}
        >
          {() => (
            <ul className="divide-y divide-border rounded-control border border-border">
              {items.map((item) => (
                <CoverageRow key={`${item.native_type} ${item.service} ${item.type}`} item={item} />
              ))}
            </ul>
          )}
        </QueryState>
      </Section>
    </>
  )
}

/** Characters that have room beside the figures. */
const LONGEST_NAME = 30

function CoverageRow({ item }: { item: CoverageItem }) {
  const { t } = useTranslation()
  const isNarrow = useIsNarrow()
  const name = coverageName(item)
  const state = coverageState(item)
  const units = item.units.complete + item.units.partial + item.units.failed
  return (
    <li className="px-2.5 py-1">
      <div className="grid grid-cols-[minmax(0,1fr)_92px_64px_84px] items-center gap-2 max-md:grid-cols-[92px_minmax(0,1fr)_84px] max-md:gap-y-0">
        <span className="truncate font-mono text-11 max-md:col-span-full" title={name}>
          {isNarrow ? name : cutMiddle(name, LONGEST_NAME)}
        </span>
        <Badge tone={UNIT_TONES[state]}>{t(`unitState.${state}`)}</Badge>
        <span className="text-right text-muted tabular-nums">{formatNumber(item.resources)}</span>
        <Time at={item.last_complete_at} className="truncate text-right text-muted" />
      </div>
      {(item.stale > 0 || (state !== 'complete' && units > 1)) && (
        <p className="text-muted">
          {item.stale > 0 && t('sync.staleResources', { count: item.stale })}
          {item.stale > 0 && units > 1 && ' · '}
          {units > 1 && t('sync.units', { complete: formatNumber(item.units.complete), total: formatNumber(units) })}
        </p>
      )}
      {item.error && <p className="break-words text-muted">{item.error}</p>}
      {item.missing_permissions.length > 0 && (
        <p className="text-medium">
          {t('sync.missingPermissions')}{' '}
          <span className="font-mono text-11 break-all">{item.missing_permissions.join(', ')}</span>
        </p>
      )}
    </li>
  )
}

function MissingGrant({ accountId }: { accountId: string }) {
  const { t } = useTranslation()
  const { data, error } = useQuery(accountGrantQuery(accountId))
  if (error && !data) {
    return (
      <div className="mb-5">
        <ProblemNote error={error} />
      </div>
    )
  }
  if (!data?.document) return null
  return (
    <div className="mb-5">
      <GrantText title={t('coverage.grant', { count: data.permissions.length })} document={data.document} />
    </div>
  )
}

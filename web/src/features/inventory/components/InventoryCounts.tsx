import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { BarList } from '@/components/Charts/BarList'
import { ChartFrame } from '@/components/Charts/ChartFrame'
import { Card } from '@/components/Common/Card'
import { PROVIDER_COLORS, providerName } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { inventorySummaryQuery } from '../api'
import { typeName } from '../rules'

const MOST_BARS = 12

/** How many resources of each type there are now; each bar leads to them. */
export function InventoryCounts() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...inventorySummaryQuery(), enabled: useCan('inventory:read') })
  return (
    <QueryState
      query={query}
      permission="inventory:read"
      skeleton={<SkeletonRows rows={8} />}
      isEmpty={({ total }) => total === 0}
      firstUse={{ title: t('resource.emptyTitle'), text: t('resource.emptyText') }}
      frame={(state) => <Card title={t('trend.nowByType')}>{state}</Card>}
    >
      {({ total, by_type, by_provider }) => (
        <ChartFrame
          title={t('trend.nowByType')}
          unit={t('page.resources')}
          summary={t('trend.nowSummary', {
            count: total,
            total: formatNumber(total),
            parts: by_provider.map(({ key, count }) => `${providerName(key ?? '')} ${formatNumber(count)}`).join(', '),
          })}
          table={{
            columns: [t('resource.type'), t('map.count')],
            rows: by_type.map(({ key, count }) => [key ? typeName(key) : '–', formatNumber(count)]),
          }}
        >
          <BarList
            label={t('trend.nowByType')}
            items={by_type.slice(0, MOST_BARS).map(({ key, count }) => ({
              id: key ?? '',
              label: key ? typeName(key) : '–',
              value: count,
              shown: formatNumber(count),
              color:
                by_provider.length === 1
                  ? (PROVIDER_COLORS[by_provider[0]?.key ?? ''] ?? 'var(--series-1)')
                  : 'var(--series-1)',
              to: key ? scopedLink('/resources', { type: key }) : undefined,
            }))}
          />
          {by_type.length > MOST_BARS && (
            <p className="mt-2 text-muted">{t('trend.moreTypes', { count: by_type.length - MOST_BARS })}</p>
          )}
        </ChartFrame>
      )}
    </QueryState>
  )
}

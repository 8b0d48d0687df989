import { useQuery } from '@tanstack/react-query'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useTranslation } from 'react-i18next'
import { ChartFrame } from '@/components/Charts/ChartFrame'
import { StackedChart } from '@/components/Charts/StackedChart'
import { Card } from '@/components/Common/Card'
import { PROVIDER_COLORS, providerName } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Segmented } from '@/components/Common/Segmented'
import { Skeleton } from '@/components/Common/Skeleton'
import { useTimeRange } from '@/hooks/useTimeRange'
import { formatDay, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Trends } from '@/types/api'
import { trendsQuery } from '../api'
import { typeName } from '../rules'
import { trendEnds, trendSeries } from '../trendRules'

const DIMENSIONS = ['type', 'provider', 'region', 'account'] as const
type Dimension = (typeof DIMENSIONS)[number]

/** How many resources there were, day by day, by what they are or where. */
export function UsageTrends() {
  const { t } = useTranslation()
  const [by, setBy] = useQueryState('by', parseAsStringLiteral(DIMENSIONS).withDefault('type'))
  const { range } = useTimeRange()
  const allowed = useCan('inventory:read')
  const query = useQuery({ ...trendsQuery(by, range.from, range.to), enabled: allowed })
  // Where lines were left out, totals come from the providers: there are never more of them than lines.
  const isPart = (query.data?.others ?? 0) > 0
  const whole = useQuery({ ...trendsQuery('provider', range.from, range.to), enabled: allowed && isPart })
  return (
    <div className="flex flex-col gap-2">
      <Segmented
        label={t('trend.by')}
        value={by}
        choices={DIMENSIONS.map((value) => ({ value, label: t(`resource.${value}`) }))}
        onChange={(value) => void setBy(value as Dimension)}
      />
      <QueryState
        query={isPart && !whole.data ? whole : query}
        permission="inventory:read"
        skeleton={<Skeleton className="h-72" />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('trend.emptyTitle'), text: t('trend.emptyText') }}
        frame={(state) => <Card title={t('trend.title')}>{state}</Card>}
      >
        {(trends) => <TrendChart trends={trends} by={by} whole={isPart ? whole.data : undefined} />}
      </QueryState>
    </div>
  )
}

function TrendChart({ trends, by, whole }: { trends: Trends; by: Dimension; whole: Trends | undefined }) {
  const { t } = useTranslation()
  const nameOf = (key: string, name: string | null) =>
    by === 'type' ? typeName(key) : by === 'provider' ? providerName(key) : (name ?? key)
  const data = trendSeries(trends, nameOf, t('chart.other'), by === 'provider' ? PROVIDER_COLORS : {}, whole)
  const { first, last } = trendEnds(data)
  const word = last > first ? 'grew' : last < first ? 'shrank' : 'same'
  return (
    <ChartFrame
      title={t('trend.title')}
      unit={t('trend.unit')}
      summary={t(`trend.${word}`, { from: formatNumber(first), to: formatNumber(last), count: last })}
      height={260}
      table={{
        columns: [t('trend.day'), ...data.series.map(({ label }) => label)],
        rows: data.points.map(({ at, values }) => [
          formatDay(at, { dateStyle: 'medium' }),
          ...data.series.map(({ id }) => formatNumber(values[id] ?? 0)),
        ]),
      }}
    >
      <StackedChart
        {...data}
        label={t('trend.title')}
        height={260}
        formatAt={(at) => formatDay(at)}
        formatTick={(value) => formatNumber(value, { notation: 'compact' })}
        formatValue={(value) => formatNumber(value)}
      />
    </ChartFrame>
  )
}

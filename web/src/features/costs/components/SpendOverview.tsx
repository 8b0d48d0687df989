import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { BarList } from '@/components/Charts/BarList'
import { Card } from '@/components/Common/Card'
import { classes } from '@/components/Common/classes'
import { PROVIDER_COLORS, providerName } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useTimeRange } from '@/hooks/useTimeRange'
import { formatMoney, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import { breakdownQuery, type CostQuestion } from '../api'
import { costRows, mainCurrency, NO_VALUE, stackByPeriod, sumByGroup } from '../rules'
import { CostChart } from './CostChart'

type Props = { subAccount: string | null; firstUse: FirstUse }
type Dimension = 'provider' | 'service'

const narrowedTo = (subAccount: string | null): Record<string, string> =>
  subAccount ? { sub_account: subAccount } : {}

/** The dashboard's question: what the range in the header cost, by day and one dimension. */
function useSpend(dimension: Dimension, subAccount: string | null) {
  const { range } = useTimeRange()
  const question = useMemo<CostQuestion>(
    () => ({
      from: range.from,
      to: range.to,
      granularity: range.days > 100 ? 'month' : 'day',
      groupBy: dimension,
      cost: 'effective',
      filters: narrowedTo(subAccount),
    }),
    [range, subAccount, dimension],
  )
  const query = useQuery({ ...breakdownQuery(question), enabled: useCan('costs:read') })
  return { query, granularity: question.granularity === 'month' ? ('month' as const) : ('day' as const) }
}

/** Spend by day, stacked by provider; by service while there is only one provider. */
export function SpendByDay({ subAccount, firstUse, className }: Props & { className?: string }) {
  const { t } = useTranslation()
  const byProvider = useSpend('provider', subAccount)
  const byService = useSpend('service', subAccount)
  const hasProviders = new Set(byProvider.query.data?.items.map(({ group }) => group.provider)).size > 1
  const dimension = hasProviders ? 'provider' : 'service'
  const { query, granularity } = hasProviders ? byProvider : byService
  const currency = query.data ? mainCurrency(query.data.totals) : null
  const data = useMemo(
    () =>
      query.data &&
      stackByPeriod(query.data, {
        dimension,
        currency,
        label: (id) => (id === NO_VALUE ? t('cost.noValue') : dimension === 'provider' ? providerName(id) : id),
        otherLabel: t('chart.other'),
        fixedColors: dimension === 'provider' ? PROVIDER_COLORS : undefined,
      }),
    [query.data, dimension, currency, t],
  )
  const hasPoints = data !== undefined && currency !== null && data.points.length > 0
  return (
    <div className={classes('flex flex-col gap-2', className)}>
      <QueryState
        query={query}
        permission="costs:read"
        skeleton={<Skeleton className="h-60" />}
        isEmpty={() => !hasPoints}
        firstUse={firstUse}
        frame={(state) => (
          <Card title={t('dashboard.spend')} className="flex-1">
            {state}
          </Card>
        )}
      >
        {() =>
          hasPoints && (
            <CostChart
              title={t(hasProviders ? 'dashboard.spendByProviderOverTime' : 'dashboard.spendByServiceOverTime')}
              data={data}
              currency={currency}
              granularity={granularity}
              height={208}
              className="flex-1"
            />
          )
        }
      </QueryState>
    </div>
  )
}

const MOST_BARS = 6

/** What the range cost by one dimension, largest first; each bar leads to its part of the cost page. */
export function SpendBy({ dimension, subAccount, firstUse }: Props & { dimension: Dimension }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { query } = useSpend(dimension, subAccount)
  const title = t(dimension === 'provider' ? 'dashboard.spendByProvider' : 'dashboard.spendByService')
  return (
    <Card title={title}>
      <QueryState
        query={query}
        permission="costs:read"
        skeleton={<Skeleton className="h-28" />}
        isEmpty={({ totals }) => totals.length === 0}
        firstUse={firstUse}
      >
        {(breakdown) => {
          const currency = mainCurrency(breakdown.totals) ?? 'USD'
          const rows = costRows(sumByGroup(breakdown, dimension, currency), null)
          return (
            <BarList
              label={title}
              items={rows.slice(0, MOST_BARS).map(({ id, amount, sharePercent }) => ({
                id,
                value: amount,
                label: id === NO_VALUE ? t('cost.noValue') : dimension === 'provider' ? providerName(id) : id,
                shown: (
                  <>
                    {formatMoney({ amount: String(amount), currency }, { whole: true })}{' '}
                    <span className="text-11 text-muted">{formatPercent(sharePercent, 0)}</span>
                  </>
                ),
                color: dimension === 'provider' ? (PROVIDER_COLORS[id] ?? 'var(--series-other)') : 'var(--series-1)',
                to: scopedLink('/cost', {
                  group: dimension === 'provider' ? 'service' : 'resource',
                  filter: id === NO_VALUE ? null : `${dimension}:${id}`,
                }),
              }))}
            />
          )
        }}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { SeriesChartData } from '@/components/Charts/series'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import { resourceCostQuery } from '../api'
import { mainCurrency } from '../rules'
import { CostChart } from './CostChart'

/** What one resource cost on each of the last 30 days. */
export function ResourceCost({ id }: { id: string }) {
  const { t } = useTranslation()
  const query = useQuery({ ...resourceCostQuery(id), enabled: useCan('costs:read') })
  const currency = query.data ? mainCurrency(query.data.totals) : null
  const data = useMemo<SeriesChartData>(
    () => ({
      series: [{ id: 'cost', label: t('cost.amount'), color: 'var(--series-1)' }],
      points: (query.data?.items ?? [])
        .filter(({ cost }) => cost?.currency === currency)
        .map(({ on, cost }) => ({ at: on, values: { cost: Number(cost?.amount) } })),
    }),
    [query.data, currency, t],
  )
  return (
    <QueryState
      query={query}
      permission="costs:read"
      skeleton={<Skeleton className="m-3 h-44" />}
      isEmpty={() => currency === null}
      firstUse={{ title: t('cost.resourceEmpty'), quiet: true }}
      frame={(state) => (
        <Card flush title={t('cost.ofResource')}>
          {state}
        </Card>
      )}
    >
      {() =>
        currency && (
          <CostChart title={t('cost.ofResource')} data={data} currency={currency} granularity="day" height={180} />
        )
      }
    </QueryState>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { PROVIDER_COLORS } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { useCan } from '@/services/permissions'
import type { CostBreakdown } from '@/types/api'
import { breakdownQuery } from '../api'
import { useCostView } from '../hooks/useCostView'
import { useGroupLabel } from '../hooks/useGroupLabel'
import { costRows, mainCurrency, stackByPeriod, sumByGroup, totalIn } from '../rules'
import { CostChart } from './CostChart'
import { CostControls } from './CostControls'
import { CostTable } from './CostTable'
import { CostTotal } from './CostTotal'

type Props = { subAccount: string | null; accountName: (nativeId: string) => string; firstUse: FirstUse }

/** Costs of the range: total and change, over time by group, and the groups with their changes. */
export function CostExplorer({ subAccount, accountName, firstUse }: Props) {
  const { t } = useTranslation()
  const view = useCostView(subAccount)
  const enabled = useCan('costs:read')
  const query = useQuery({ ...breakdownQuery(view.questions.series), enabled })
  const before = useQuery({ ...breakdownQuery(view.questions.before), enabled })
  const isFiltered = view.filterTexts.length > 0
  return (
    <>
      <CostControls view={view} currencies={query.data?.totals.map(({ currency }) => currency) ?? []} />
      <QueryState
        query={query}
        permission="costs:read"
        skeleton={
          <div className="flex flex-col gap-3">
            <Skeleton className="h-20" />
            <Skeleton className="h-80" />
          </div>
        }
        isEmpty={({ totals }) => totals.length === 0}
        firstUse={firstUse}
        noMatch={isFiltered ? { text: t('cost.noMatch'), onClear: () => void view.set({ filter: null }) } : null}
        partial={({ truncated }) => (truncated ? t('cost.truncated') : null)}
      >
        {(breakdown) => <Explored breakdown={breakdown} before={before.data} view={view} accountName={accountName} />}
      </QueryState>
    </>
  )
}

type ExploredProps = {
  breakdown: CostBreakdown
  before: CostBreakdown | undefined
  view: ReturnType<typeof useCostView>
  accountName: (nativeId: string) => string
}

function Explored({ breakdown, before, view, accountName }: ExploredProps) {
  const { t } = useTranslation()
  const { group } = view
  const label = useGroupLabel(group, accountName)
  const currency = view.currency ?? mainCurrency(breakdown.totals) ?? 'USD'
  const data = useMemo(
    () =>
      stackByPeriod(breakdown, {
        dimension: group,
        currency,
        label,
        otherLabel: t('chart.other'),
        fixedColors: group === 'provider' ? PROVIDER_COLORS : undefined,
      }),
    [breakdown, group, currency, label, t],
  )
  const rows = useMemo(
    () => costRows(sumByGroup(breakdown, group, currency), before ? sumByGroup(before, group, currency) : null),
    [breakdown, before, group, currency],
  )
  return (
    <>
      <CostTotal
        currency={currency}
        amount={totalIn(breakdown.totals, currency)}
        before={before && before.totals.length > 0 ? totalIn(before.totals, currency) : null}
        range={view.range}
        cost={view.cost}
      />
      <CostChart
        title={t('cost.overTime')}
        data={data}
        currency={currency}
        granularity={view.questions.series.granularity === 'month' ? 'month' : 'day'}
      />
      <Card title={t('cost.groups', { count: rows.length })} flush>
        <CostTable rows={rows} dimension={group} currency={currency} label={label} view={view} />
      </Card>
    </>
  )
}

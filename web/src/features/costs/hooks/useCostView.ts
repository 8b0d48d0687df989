import { useQuery } from '@tanstack/react-query'
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { previousRange, useTimeRange } from '@/hooks/useTimeRange'
import { useCan } from '@/services/permissions'
import { type CostQuestion, costSummaryQuery } from '../api'
import { endAtLastBill } from '../rules'

const COSTS = ['effective', 'billed', 'list', 'contracted'] as const
const MONTHLY_FROM_DAYS = 100

const PARSERS = {
  group: parseAsString.withDefault('service'),
  cost: parseAsStringLiteral(COSTS).withDefault('effective'),
  currency: parseAsString,
  /** `dimension:value`, split at the first colon. */
  filter: parseAsArrayOf(parseAsString).withDefault([]),
}

/** What the cost page asks, from the URL. `subAccount` is the cloud's own account number, to narrow to one account. */
export function useCostView(subAccount: string | null) {
  const [state, set] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { name, range: asked } = useTimeRange()
  const { data: summary } = useQuery({ ...costSummaryQuery(), enabled: useCan('costs:read') })
  const lastOn = summary?.as_of_on ?? null
  const range = useMemo(() => endAtLastBill(asked, lastOn), [asked, lastOn])
  const { group, cost, currency } = state
  const filterKey = state.filter.join('\n')

  const filters = useMemo(() => {
    const pairs = filterKey
      .split('\n')
      .filter((text) => text.includes(':'))
      .map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)] as const)
    return { ...(subAccount ? { sub_account: subAccount } : {}), ...Object.fromEntries(pairs) }
  }, [filterKey, subAccount])

  const questions = useMemo(() => {
    const base = { groupBy: group, cost, filters }
    const before = previousRange(range)
    const granularity = range.days > MONTHLY_FROM_DAYS ? 'month' : 'day'
    return {
      series: { ...base, from: range.from, to: range.to, granularity } satisfies CostQuestion,
      before: { ...base, from: before.from, to: before.to, granularity: 'none' } satisfies CostQuestion,
    }
  }, [group, cost, filters, range])

  return { group, cost, currency, filters, rangeName: name, range, questions, set, filterTexts: state.filter }
}

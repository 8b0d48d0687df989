import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Change, changePercent } from '@/components/Common/Amount'
import { Kpi } from '@/components/Common/Kpi'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatDay, formatMoneyList, formatMonth } from '@/services/format'
import { useCan } from '@/services/permissions'
import { costSummaryQuery } from '../api'

const DAY_MS = 86_400_000

/** Spend of the newest month, where it is heading, and how it compares with the same days a month before. */
export function SpendKpi() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...costSummaryQuery(), enabled: useCan('costs:read') })
  return (
    <QueryState compact query={query} permission="costs:read" skeleton={<Skeleton className="m-3 h-18" />}>
      {(summary) => {
        const isKnown = summary.month_to_date.length > 0
        const last = summary.as_of_on ?? `${summary.month}-01`
        return (
          <Kpi
            to={scopedLink('/cost', { range: rangeOfMonth(summary.month, last) })}
            label={t('kpi.spend')}
            period={
              summary.as_of_on ? `${formatDay(`${summary.month}-01`)} – ${formatDay(last)}` : formatMonth(summary.month)
            }
            value={
              isKnown ? (
                formatMoneyList(summary.month_to_date, { whole: true })
              ) : (
                <span className="text-muted">{t('money.unknown')}</span>
              )
            }
            aside={
              isKnown && (
                <span className="pb-1 text-11">
                  <Change
                    goodWhen="down"
                    percent={changePercent(summary.previous_month_to_date, summary.month_to_date)}
                    label={t('kpi.toLastMonth')}
                  />
                </span>
              )
            }
            note={
              summary.month_end_estimate.length > 0
                ? t('kpi.estimate', { amount: formatMoneyList(summary.month_end_estimate, { whole: true }) })
                : t('kpi.noCosts')
            }
          />
        )
      }}
    </QueryState>
  )
}

/** The month in the URL: relative while it is the present one, else by its days. */
function rangeOfMonth(month: string, last: string): string {
  const isPresent = new Date().toISOString().startsWith(month)
  if (isPresent) return 'mtd'
  return `${month}-01..${new Date(Math.max(Date.parse(last), Date.parse(`${month}-01`) + DAY_MS)).toISOString().slice(0, 10)}`
}

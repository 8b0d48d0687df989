import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Change } from '@/components/Common/Amount'
import { Button } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatMoney, formatPercent } from '@/services/format'
import { quoted } from '@/services/searchText'
import type { useCostView } from '../hooks/useCostView'
import { type CostRow, NO_VALUE } from '../rules'

type Props = {
  rows: CostRow[]
  dimension: string
  currency: string
  label: (id: string) => string
  view: ReturnType<typeof useCostView>
}

const FIRST_ROWS = 50
/** What a click on a group looks into. */
const NEXT_DIMENSION: Record<string, string> = {
  provider: 'service',
  service_category: 'service',
  sub_account: 'service',
  region: 'service',
  charge_category: 'service',
  service: 'resource',
}

/** Groups with cost, share and change; each leads one level deeper, and resources to their page. */
export function CostTable({ rows, dimension, currency, label, view }: Props) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const [shownCount, setShownCount] = useState(FIRST_ROWS)
  const money = (value: number) => formatMoney({ amount: String(value), currency })
  const linkTo = (id: string): string | null => {
    if (id === NO_VALUE) return null
    if (dimension === 'resource') return scopedLink('/resources', { search: `id:${quoted(id)}` })
    return scopedLink('/cost', {
      group: NEXT_DIMENSION[dimension] ?? 'service',
      filter: [...view.filterTexts, `${dimension}:${id}`].join(','),
      cost: view.cost === 'effective' ? null : view.cost,
    })
  }
  return (
    <>
      <div className="relative overflow-x-auto">
        <table className="w-full min-w-[560px] border-collapse">
          <thead className="bg-surface-2 text-11 text-muted">
            <tr>
              <Head>{t('cost.group')}</Head>
              <Head end>{t('cost.amount')}</Head>
              <Head end>{t('cost.share')}</Head>
              <Head end>{t('cost.before')}</Head>
              <Head end>{t('cost.changeLabel')}</Head>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shownCount).map((row) => {
              const to = linkTo(row.id)
              const name = label(row.id)
              return (
                <tr key={row.id} className="h-(--row-height) border-b border-border last:border-0 hover:bg-surface-2">
                  <th scope="row" className="max-w-0 truncate px-3 text-left font-normal" title={name}>
                    {to ? (
                      <Link
                        to={to}
                        className={classes(
                          'hover:text-accent hover:underline',
                          dimension === 'resource' && 'font-mono text-11',
                        )}
                      >
                        {name}
                      </Link>
                    ) : (
                      <span className="text-muted">{name}</span>
                    )}
                  </th>
                  <td className="px-3 text-right whitespace-nowrap tabular-nums">{money(row.amount)}</td>
                  <td className="w-24 px-3 text-right text-muted tabular-nums">{formatPercent(row.sharePercent)}</td>
                  <td className="px-3 text-right whitespace-nowrap text-muted tabular-nums">
                    {row.before === null ? '–' : money(row.before)}
                  </td>
                  <td className="w-28 px-3 text-right">
                    {row.before === 0 ? (
                      <span className="text-muted">{t('cost.new')}</span>
                    ) : (
                      <Change goodWhen="down" percent={row.changePercent} />
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      {rows.length > shownCount && (
        <div className="p-2 text-center">
          <Button onClick={() => setShownCount(shownCount + 200)}>{t('action.showMore')}</Button>
        </div>
      )}
    </>
  )
}

function Head({ children, end }: { children: string; end?: boolean }) {
  return (
    <th
      scope="col"
      className={classes('h-8 px-3 font-medium whitespace-nowrap', end ? 'text-right' : 'w-1/2 text-left')}
    >
      {children}
    </th>
  )
}

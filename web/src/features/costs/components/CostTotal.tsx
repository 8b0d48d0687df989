import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Change } from '@/components/Common/Amount'
import type { DayRange } from '@/hooks/useTimeRange'
import { formatDay, formatMoney } from '@/services/format'
import type { CostKind } from '../api'

const DAY_MS = 86_400_000
const day = (iso: string, plusDays = 0) => formatDay(new Date(Date.parse(iso) + plusDays * DAY_MS).toISOString())

type Props = { currency: string; amount: number; before: number | null; range: DayRange; cost: CostKind }

/** The sum of the range, its change and what it is compared with. */
export function CostTotal({ currency, amount, before, range, cost }: Props) {
  const { t } = useTranslation()
  const money = (value: number) => formatMoney({ amount: String(value), currency })
  return (
    <div className="flex flex-wrap items-stretch gap-x-8 gap-y-2 rounded-card border border-border bg-surface p-3">
      <Figure label={t('cost.total')} note={`${t(`costKind.${cost}`)} · ${day(range.from)} – ${day(range.to, -1)}`}>
        {money(amount)}
      </Figure>
      <Figure
        label={t('cost.changeLabel')}
        note={before === null ? t('cost.noPrevious') : t('cost.previous', { amount: money(before), count: range.days })}
      >
        <Change goodWhen="down" percent={before ? ((amount - before) / Math.abs(before)) * 100 : null} />
      </Figure>
      <Figure label={t('cost.average')} note={t('cost.overDays', { count: range.days })}>
        {money(amount / range.days)}
      </Figure>
    </div>
  )
}

function Figure({ label, note, children }: { label: string; note: string; children: ReactNode }) {
  return (
    <div className="min-w-44">
      <p className="font-medium text-muted">{label}</p>
      <p className="text-24 font-semibold tracking-tight tabular-nums">{children}</p>
      <p className="text-muted">{note}</p>
    </div>
  )
}

import { useTranslation } from 'react-i18next'
import { formatMoneyList, formatPercent } from '@/services/format'
import type { Money } from '@/types/api'
import { classes } from './classes'

type AmountProps = { sums: Money[]; whole?: boolean; className?: string }

/** Sums of money; "unknown" where nothing is known, never a zero. */
export function Amount({ sums, whole, className }: AmountProps) {
  const { t } = useTranslation()
  if (sums.length === 0) return <span className={classes('text-muted', className)}>{t('money.unknown')}</span>
  return (
    <span className={classes('tabular-nums', className)} title={formatMoneyList(sums)}>
      {formatMoneyList(sums, { whole })}
    </span>
  )
}

type ChangeProps = { percent: number | null; goodWhen: 'down' | 'up'; label?: string }

/** A change with its arrow; grey where it is too small to matter. */
export function Change({ percent, goodWhen, label }: ChangeProps) {
  const { t } = useTranslation()
  if (percent === null || !Number.isFinite(percent)) return <span className="text-muted">{t('change.none')}</span>
  const steady = Math.abs(percent) < 0.5
  const direction = percent > 0 ? 'up' : 'down'
  const tone = steady ? 'text-muted' : direction === goodWhen ? 'text-ok' : 'text-high'
  const arrow = steady ? '→' : direction === 'up' ? '↑' : '↓'
  return (
    <span className={classes('whitespace-nowrap tabular-nums', tone)}>
      <span aria-hidden>{arrow} </span>
      <span className="sr-only">{t(steady ? 'change.steady' : `change.${direction}`)} </span>
      {formatPercent(Math.abs(percent))}
      {label && <span className="text-muted"> {label}</span>}
    </span>
  )
}

/** Percent change from `before` to `after` in their shared currency; null where it cannot be told. */
export function changePercent(before: Money[], after: Money[]): number | null {
  const [old, current] = [before[0], after[0]]
  if (before.length !== 1 || after.length !== 1 || !old || !current || old.currency !== current.currency) return null
  const base = Number(old.amount)
  return base === 0 ? null : ((Number(current.amount) - base) / Math.abs(base)) * 100
}

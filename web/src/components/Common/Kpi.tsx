import type { ReactNode } from 'react'
import { Link } from 'react-router'

type Props = {
  label: string
  value: ReactNode
  /** The period or the scope that the number is for. */
  period: ReactNode
  note?: ReactNode
  aside?: ReactNode
  to: string
}

/** One big number with its period; a click leads to the rows behind it. */
export function Kpi({ label, value, period, note, aside, to }: Props) {
  return (
    <Link to={to} className="group relative flex h-full min-h-24 flex-col gap-0.5 overflow-hidden p-3">
      <span className="flex items-baseline justify-between gap-2">
        <span className="font-medium text-muted group-hover:text-text">{label}</span>
        <span className="truncate text-11 text-muted">{period}</span>
      </span>
      <span className="flex items-end justify-between gap-3">
        <span className="text-24 font-semibold tracking-tight tabular-nums">{value}</span>
        {aside}
      </span>
      {note && <span className="mt-auto truncate text-muted">{note}</span>}
    </Link>
  )
}

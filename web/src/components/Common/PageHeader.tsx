import type { ReactNode } from 'react'
import { usePageTitle } from '@/hooks/usePageTitle'

type Props = { title: string; count?: string | null; actions?: ReactNode; note?: ReactNode }

/** The page's one h1, with a count and what can be done here. */
export function PageHeader({ title, count, actions, note }: Props) {
  usePageTitle(title)
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
      <h1 className="min-w-0 truncate text-18 font-semibold">{title}</h1>
      {count && <span className="text-muted tabular-nums">{count}</span>}
      {note && <span className="text-muted">{note}</span>}
      <span className="flex-1" />
      {actions}
    </div>
  )
}

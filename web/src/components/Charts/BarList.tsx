import type { ReactNode } from 'react'
import { Link } from 'react-router'

export type BarItem = {
  id: string
  label: ReactNode
  value: number
  shown: ReactNode
  color: string
  to?: string
}

/** Sorted bars with their values: easier to compare than slices. Each leads to its rows. */
export function BarList({ items, label }: { items: BarItem[]; label: string }) {
  const most = Math.max(...items.map(({ value }) => value), 0)
  return (
    <ul aria-label={label} className="flex flex-col gap-1">
      {items.map((item) => (
        <li key={item.id}>
          <BarRow item={item} sharePercent={most > 0 ? (Math.max(0, item.value) / most) * 100 : 0} />
        </li>
      ))}
    </ul>
  )
}

function BarRow({ item, sharePercent }: { item: BarItem; sharePercent: number }) {
  const content = (
    <>
      <span className="flex items-baseline justify-between gap-3">
        <span className="min-w-0 truncate">{item.label}</span>
        <span className="shrink-0 tabular-nums">{item.shown}</span>
      </span>
      <svg aria-hidden className="mt-1 h-1.5 w-full" preserveAspectRatio="none" viewBox="0 0 100 6">
        <rect width="100" height="6" fill="var(--surface-2)" />
        <rect width={sharePercent} height="6" fill={item.color} />
      </svg>
    </>
  )
  const shape = 'block rounded-control px-1.5 py-1 -mx-1.5'
  if (!item.to) return <div className={shape}>{content}</div>
  return (
    <Link to={item.to} className={`${shape} hover:bg-surface-2`}>
      {content}
    </Link>
  )
}

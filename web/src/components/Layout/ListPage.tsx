import type { ReactNode } from 'react'

/** A page that is one list: it fills the window, and a panel may stand at its right. */
export function ListPage({ children, panel }: { children: ReactNode; panel?: ReactNode }) {
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-w-0 flex-1 flex-col gap-3 p-4 max-md:p-3">{children}</div>
      {panel}
    </div>
  )
}

/** A page that scrolls as a whole. */
export function ScrollPage({ children, panel }: { children: ReactNode; panel?: ReactNode }) {
  return (
    <div className="flex min-h-0 flex-1">
      <div className="min-w-0 flex-1 overflow-y-auto">
        <div className="flex flex-col gap-3 p-4 max-md:p-3">{children}</div>
      </div>
      {panel}
    </div>
  )
}

import { type ReactNode, useId } from 'react'
import { classes } from './classes'

type Props = { title?: ReactNode; aside?: ReactNode; children: ReactNode; className?: string; flush?: boolean }

/** A bordered region with a heading. `flush` leaves out the padding, for tables. */
export function Card({ title, aside, children, className, flush }: Props) {
  const headingId = useId()
  return (
    <section
      aria-labelledby={title ? headingId : undefined}
      className={classes('flex min-w-0 flex-col rounded-card border border-border bg-surface', className)}
    >
      {title && (
        <header className="flex min-h-9 items-center justify-between gap-2 px-3 pt-1.5">
          <h2 id={headingId} className="truncate text-13 font-semibold">
            {title}
          </h2>
          {aside && <div className="flex shrink-0 items-center gap-1 text-muted">{aside}</div>}
        </header>
      )}
      <div className={classes('min-h-0 flex-1', !flush && (title ? 'px-3 pb-3' : 'p-3'))}>{children}</div>
    </section>
  )
}

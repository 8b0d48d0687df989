import { classes } from './classes'

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classes('skeleton', className)} />
}

/** Rows of a table to be. */
export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  return (
    <div aria-hidden className="flex flex-col">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-(--row-height) items-center gap-6 border-b border-border px-3 last:border-0">
          <Skeleton className="h-3 w-[24%]" />
          <Skeleton className="h-3 w-[34%]" />
          <Skeleton className="ml-auto h-3 w-[12%]" />
        </div>
      ))}
    </div>
  )
}

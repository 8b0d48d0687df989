import { classes } from '@/components/Common/classes'

/** Where one is in a sequence. */
export function Steps({ labels, current }: { labels: string[]; current: number }) {
  return (
    <ol className="flex flex-wrap gap-x-4 gap-y-1 border-b border-border px-4 pt-1 pb-2">
      {labels.map((label, index) => (
        <li
          key={label}
          aria-current={index === current ? 'step' : undefined}
          className={classes('flex items-center gap-1.5', index === current ? 'font-medium' : 'text-muted')}
        >
          <span
            aria-hidden
            className={classes(
              'flex size-4.5 items-center justify-center rounded-full border text-11 tabular-nums',
              index <= current ? 'border-accent text-accent' : 'border-border',
            )}
          >
            {index < current ? '✓' : index + 1}
          </span>
          {label}
        </li>
      ))}
    </ol>
  )
}

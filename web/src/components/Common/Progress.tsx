import { formatPercent } from '@/services/format'

type Props = { label: string; done: number; total: number | null }

export function Progress({ label, done, total }: Props) {
  const percent = total ? Math.min(100, (done / total) * 100) : null
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent === null ? undefined : Math.round(percent)}
      aria-valuetext={percent === null ? undefined : formatPercent(percent, 0)}
      className="h-1.5 w-full overflow-hidden rounded-full bg-surface-2"
    >
      <div
        className="h-full rounded-full bg-accent transition-[width] duration-300"
        style={{ width: percent === null ? '30%' : `${percent}%` }}
      />
    </div>
  )
}

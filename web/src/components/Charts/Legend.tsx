import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import type { Series } from './series'

type Props = { series: Series[]; hidden: ReadonlySet<string>; onToggle: (id: string) => void }

/** Names of the series; a click hides or shows one. */
export function Legend({ series, hidden, onToggle }: Props) {
  const { t } = useTranslation()
  return (
    <ul aria-label={t('chart.legend')} className="mt-2 flex flex-wrap gap-x-3">
      {series.map(({ id, label, color }) => (
        <li key={id} className="min-w-0">
          <button
            type="button"
            aria-pressed={!hidden.has(id)}
            onClick={() => onToggle(id)}
            className={classes(
              'flex min-h-6 min-w-6 max-w-56 items-center gap-1.5 rounded-control text-11 text-muted hover:text-text max-md:min-h-8',
              hidden.has(id) && 'line-through opacity-60',
            )}
          >
            <svg aria-hidden viewBox="0 0 8 8" className="size-2 shrink-0">
              <rect width="8" height="8" rx="2" fill={color} />
            </svg>
            <span className="truncate">{label}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

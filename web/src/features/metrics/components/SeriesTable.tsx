import { ExternalLink } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatUnit } from '@/services/units'
import type { Line } from '../rules/lines'

type Props = {
  lines: Line[]
  hidden: ReadonlySet<string>
  onHide: (hidden: ReadonlySet<string>) => void
  onEmphasize: (id: string | null) => void
}

const FIGURES = ['last', 'min', 'mean', 'max'] as const

/** The legend of many lines: what each came to, shown or hidden by its box, with the way to its resource. */
export function SeriesTable({ lines, hidden, onHide, onEmphasize }: Props) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const toggle = (id: string) => {
    const next = new Set(hidden)
    if (!next.delete(id)) next.add(id)
    onHide(next)
  }
  const areAllHidden = lines.every(({ id }) => hidden.has(id))
  return (
    <div role="group" tabIndex={0} aria-label={t('chart.legend')} className="max-h-80 overflow-auto">
      <table className="w-full border-collapse">
        <thead className="sticky top-0 z-10 bg-surface-2 text-11 text-muted">
          <tr>
            <th scope="col" className="px-2 py-1 text-left font-medium">
              <span className="flex items-center gap-2">
                {t('metrics.seriesCount', { count: lines.length, shown: lines.length })}
                <Button
                  variant="quiet"
                  className="h-6!"
                  onClick={() => onHide(areAllHidden ? new Set() : new Set(lines.map(({ id }) => id)))}
                >
                  {t(areAllHidden ? 'metrics.showAll' : 'metrics.hideAll')}
                </Button>
              </span>
            </th>
            {FIGURES.map((figure) => (
              <th
                key={figure}
                scope="col"
                className={classes('px-2 py-1 text-right font-medium', figure !== 'last' && 'max-md:hidden')}
              >
                {t(`metrics.figure.${figure}`)}
              </th>
            ))}
            <th scope="col" className="px-2 py-1 text-left font-medium">
              {t('resource.one')}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr
              key={line.id}
              onMouseEnter={() => onEmphasize(line.id)}
              onMouseLeave={() => onEmphasize(null)}
              className="border-b border-border last:border-0 hover:bg-surface-2"
            >
              <th scope="row" className="max-w-0 w-full px-2 py-0.5 text-left font-normal">
                <label className="flex min-h-6 items-center gap-2 max-md:min-h-9">
                  <input
                    type="checkbox"
                    className="size-3.5 shrink-0 accent-accent"
                    checked={!hidden.has(line.id)}
                    onFocus={() => onEmphasize(line.id)}
                    onBlur={() => onEmphasize(null)}
                    onChange={() => toggle(line.id)}
                  />
                  <svg aria-hidden viewBox="0 0 16 8" className="h-2 w-4 shrink-0">
                    <line
                      x1="0"
                      x2="16"
                      y1="4"
                      y2="4"
                      stroke={line.color}
                      strokeWidth="3"
                      strokeDasharray={line.isDashed ? '4 3' : undefined}
                    />
                  </svg>
                  <span
                    className={classes('truncate', hidden.has(line.id) && 'text-muted line-through')}
                    title={line.label}
                  >
                    {line.label}
                  </span>
                </label>
              </th>
              {FIGURES.map((figure) => (
                <td
                  key={figure}
                  className={classes(
                    'px-2 text-right whitespace-nowrap tabular-nums',
                    figure !== 'last' && 'max-md:hidden',
                  )}
                >
                  {line[figure] === null ? '–' : formatUnit(line[figure], line.unit)}
                </td>
              ))}
              <td className="px-2 whitespace-nowrap">
                {line.resourceId && (
                  <Link
                    className="link inline-flex min-h-6 items-center gap-1"
                    aria-label={t('metrics.openResource', { name: line.label })}
                    to={scopedLink(`/resources/${line.resourceId}`, { tab: 'health' })}
                  >
                    {t('resource.openPage')}
                    <ExternalLink size={12} aria-hidden />
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

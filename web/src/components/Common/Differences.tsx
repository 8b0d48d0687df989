import { useTranslation } from 'react-i18next'
import type { Difference } from '@/types/api'

const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** Field by field what changed: the old value struck, the new one beside it. */
export function Differences({ changes }: { changes: Difference[] }) {
  const { t } = useTranslation()
  return (
    <ul className="flex flex-col gap-1.5">
      {changes.map((change) => (
        <li key={`${change.op} ${change.path}`} className="min-w-0 font-mono text-11 leading-4.5">
          <div className="break-all text-muted">{change.path.replace(/^\//, '').replaceAll('/', '.')}</div>
          <div className="flex flex-wrap gap-x-2 break-all">
            {change.old !== undefined && change.old !== null && (
              <del className="text-high decoration-1">
                <span className="sr-only">{t('diff.before')} </span>− {show(change.old)}
              </del>
            )}
            {change.new !== undefined && change.new !== null && (
              <ins className="text-ok no-underline">
                <span className="sr-only">{t('diff.after')} </span>+ {show(change.new)}
              </ins>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Badge, type Tone } from '@/components/Common/Badge'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import { useRows } from '@/services/paging'
import type { ImportState } from '@/types/api'
import { costImportsQuery } from '../api'

export const IMPORT_TONES: Record<ImportState, Tone> = {
  queued: 'neutral',
  running: 'busy',
  succeeded: 'ok',
  partial: 'warning',
  failed: 'bad',
  cancelled: 'neutral',
}

/** Earlier imports, newest first. */
export function ImportHistory({ onOpen }: { onOpen: (id: string) => void }) {
  const { t } = useTranslation()
  const { rows } = useRows(useInfiniteQuery(costImportsQuery()))
  if (rows.length === 0) return null
  return (
    <section>
      <h3 className="mb-1 font-semibold">{t('import.earlier')}</h3>
      <ul className="divide-y divide-border rounded-control border border-border">
        {rows.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              onClick={() => onOpen(item.id)}
              className="flex min-h-8 w-full items-center gap-3 px-2.5 text-left hover:bg-surface-2 max-md:min-h-11"
            >
              <span className="min-w-0 flex-1 truncate">{item.file_name}</span>
              <span className="text-muted tabular-nums">
                {t('import.rows', { count: item.rows_stored, shown: formatNumber(item.rows_stored) })}
              </span>
              <Badge tone={IMPORT_TONES[item.state]}>{t(`jobState.${item.state}`)}</Badge>
              <Time at={item.created_at} className="text-muted" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

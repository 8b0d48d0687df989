import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatCoverage, formatNumber, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Counts, Standard } from '@/types/api'
import { standardsQuery } from '../api'
import { ScoreRing } from './ScoreRing'

/** Each standard with its score, how much the score rests on, and the results by state. */
export function StandardList() {
  const { t } = useTranslation()
  const query = useQuery({ ...standardsQuery(), enabled: useCan('compliance:read') })
  return (
    <QueryState
      query={query}
      permission="compliance:read"
      skeleton={
        <div className="grid grid-cols-[repeat(auto-fit,minmax(260px,1fr))] gap-3">
          <Skeleton className="h-32" />
          <Skeleton className="h-32" />
        </div>
      }
      isEmpty={({ items }) => items.length === 0}
      firstUse={{ title: t('compliance.emptyTitle'), text: t('compliance.emptyText') }}
    >
      {({ items }) => (
        <div className="grid grid-cols-[repeat(auto-fit,minmax(260px,1fr))] gap-3">
          {items.map((standard) => (
            <StandardCard key={standard.id} standard={standard} />
          ))}
        </div>
      )}
    </QueryState>
  )
}

function StandardCard({ standard }: { standard: Standard }) {
  const { t } = useTranslation()
  return (
    <Card>
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="truncate font-semibold">{standard.name}</h2>
          <p className="flex items-center gap-2 text-muted">
            {standard.version}
            {standard.provider && <Provider provider={standard.provider} />}
          </p>
        </div>
        {standard.score !== null && <ScoreRing score={standard.score} size={40} />}
      </div>
      <p className="mt-1 flex items-baseline gap-2">
        <span className="text-24 font-semibold tabular-nums">
          {standard.score === null ? '–' : formatPercent(standard.score, 0)}
        </span>
        <span className="text-muted">
          {t('compliance.coverage', { coverage: formatCoverage(standard.coverage_percent ?? 0) })}
        </span>
      </p>
      <ResultBar counts={standard} />
      <p className="mt-2 text-muted">
        {t('compliance.checked')} <Time at={standard.last_checked} />
      </p>
    </Card>
  )
}

/** Results by state as one bar, with the counts in words below it. */
export function ResultBar({ counts }: { counts: Counts }) {
  const { t } = useTranslation()
  const parts = [
    { key: 'passed', count: counts.passed, mark: '✓', text: 'text-ok', fill: 'bg-ok' },
    { key: 'failed', count: counts.failed, mark: '✕', text: 'text-critical', fill: 'bg-critical' },
    { key: 'unknown', count: counts.unknown, mark: '?', text: 'text-medium', fill: 'bg-medium' },
  ] as const
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  return (
    <div>
      <div aria-hidden className="mt-1 flex h-1.5 gap-px overflow-hidden rounded-full bg-surface-2">
        {total > 0 &&
          parts.map(({ key, count, fill }) => (
            <div key={key} className={fill} style={{ width: `${(count / total) * 100}%` }} />
          ))}
      </div>
      <ul className="mt-1.5 flex flex-wrap gap-x-3 text-11">
        {parts.map(({ key, count, mark, text }) => (
          <li key={key} className={text}>
            <span aria-hidden>{mark} </span>
            {t(`result.${key}`, { count, shown: formatNumber(count) })}
          </li>
        ))}
      </ul>
    </div>
  )
}

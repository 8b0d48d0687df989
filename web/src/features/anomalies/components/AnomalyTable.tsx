import type { AnomalyRead } from '@cloudops/api-client'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useNow } from '@/hooks/useNow'
import { formatDuration, formatPercent } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import { anomaliesQuery } from '../api'
import { useAnomalyFilter } from '../hooks/useAnomalyFilter'
import { labelText, STATE_TONES } from '../rules'
import { valueText } from '../values'

type Props = { openId: string | null; onOpen: (id: string) => void }

/** What the detector found, newest first. */
export function AnomalyTable({ openId, onOpen }: Props) {
  const { t } = useTranslation()
  const { filter, isActive, clear } = useAnomalyFilter()
  const query = useInfiniteQuery({ ...anomaliesQuery(filter), enabled: useCan('metrics:read') })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns()
  return (
    <QueryState
      query={query}
      permission="metrics:read"
      skeleton={<SkeletonRows rows={14} />}
      isEmpty={() => rows.length === 0}
      firstUse={{ title: t('anomaly.emptyTitle'), text: t('anomaly.emptyText') }}
      noMatch={isActive ? { text: t('anomaly.noMatch'), onClear: clear } : null}
    >
      {() => (
        <VirtualTable
          label={t('page.anomalies')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.id}
          rowName={(row) => row.name}
          narrowRow={(row) => <NarrowRow anomaly={row} />}
          openId={openId}
          onOpen={onOpen}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

function useColumns(): Column<AnomalyRead>[] {
  const { t } = useTranslation()
  const now = useNow()
  return useMemo(
    () => [
      {
        id: 'state',
        header: t('anomaly.state'),
        track: '92px',
        cell: (row) => <Badge tone={STATE_TONES[row.state]}>{t(`anomaly.stateName.${row.state}`)}</Badge>,
      },
      { id: 'kind', header: t('anomaly.kind'), track: '136px', cell: (row) => t(`anomaly.kindName.${row.kind}`) },
      {
        id: 'name',
        header: t('anomaly.series'),
        track: 'minmax(240px, 4fr)',
        cell: (row) => <SeriesName anomaly={row} />,
      },
      {
        id: 'value',
        drop: 2,
        header: t('anomaly.value'),
        track: '100px',
        align: 'end',
        cell: (row) => valueText(row.value, row.name),
      },
      {
        id: 'expected',
        drop: 3,
        header: t('anomaly.expected'),
        track: '160px',
        align: 'end',
        cell: (row) => <span className="text-muted">{expectedText(row)}</span>,
      },
      {
        id: 'score',
        drop: 4,
        header: t('anomaly.score'),
        track: '84px',
        align: 'end',
        cell: (row) => formatPercent(row.score * 100, 0),
      },
      {
        id: 'lasted',
        drop: 5,
        header: t('anomaly.lasted'),
        track: '96px',
        align: 'end',
        cell: (row) => formatDuration(row.started_at, row.ended_at ? Date.parse(row.ended_at) : now),
      },
      {
        id: 'feedback',
        drop: 6,
        header: t('anomaly.feedback'),
        track: '108px',
        cell: (row) =>
          row.feedback && <span className="text-muted">{t(`anomaly.verdict.${row.feedback.verdict}`)}</span>,
      },
      {
        id: 'started',
        drop: 1,
        header: t('anomaly.started'),
        track: '116px',
        align: 'end',
        cell: (row) => <Time at={row.started_at} className="text-muted" />,
      },
    ],
    [t, now],
  )
}

const expectedText = ({ expected: { low, high }, name }: AnomalyRead): string =>
  low === null || high === null ? '' : `${valueText(low, name)} – ${valueText(high, name)}`

function SeriesName({ anomaly }: { anomaly: AnomalyRead }) {
  const { t } = useTranslation()
  const labels = labelText(anomaly.labels)
  return (
    <>
      <span className="font-medium">{anomaly.name}</span>{' '}
      <span className="text-muted">
        {anomaly.kind === 'burst' ? t('anomaly.members', { count: anomaly.series_count }) : labels}
      </span>
    </>
  )
}

function NarrowRow({ anomaly }: { anomaly: AnomalyRead }) {
  const { t } = useTranslation()
  return (
    <div className="flex flex-col gap-0.5">
      <span className="truncate">
        <SeriesName anomaly={anomaly} />
      </span>
      <span className="flex items-center gap-3 text-13">
        <Badge tone={STATE_TONES[anomaly.state]}>{t(`anomaly.stateName.${anomaly.state}`)}</Badge>
        <span className="text-muted">{t(`anomaly.kindName.${anomaly.kind}`)}</span>
        <Time at={anomaly.started_at} className="ml-auto text-muted" />
      </span>
    </div>
  )
}

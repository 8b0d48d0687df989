import { useInfiniteQuery } from '@tanstack/react-query'
import { parseAsArrayOf, parseAsStringLiteral, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { Progress } from '@/components/Common/Progress'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { formatDuration } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { JobState, JobSummary } from '@/types/api'
import { jobsQuery } from '../api'
import { useJobName } from '../hooks/useJobName'
import { JOB_STATES } from '../rules'
import { JobStateBadge } from './JobStateBadge'

type Props = { openId: string | null; onOpen: (id: string) => void }

const NO_STATES: JobState[] = []

/** Background work: running, finished and failed jobs, newest first. */
export function JobTable({ openId, onOpen }: Props) {
  const { t } = useTranslation()
  const [state, setState] = useQueryState(
    'state',
    parseAsArrayOf(parseAsStringLiteral(JOB_STATES)).withDefault(NO_STATES).withOptions({ history: 'push' }),
  )
  const query = useInfiniteQuery({ ...jobsQuery({ state }), enabled: useCan('jobs:read') })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns()
  const jobName = useJobName()
  return (
    <>
      <div role="search" aria-label={t('filter.label')} className="flex items-center gap-2">
        <FilterMenu
          label={t('job.state')}
          options={JOB_STATES.map((value) => ({ value, label: t(`jobState.${value}`) }))}
          selected={state}
          onChange={(values) => void setState(values as JobState[])}
        />
      </div>
      <QueryState
        query={query}
        permission="jobs:read"
        skeleton={<SkeletonRows rows={10} />}
        isEmpty={() => rows.length === 0}
        firstUse={{ title: t('job.emptyTitle'), text: t('job.emptyText') }}
        noMatch={state.length > 0 ? { text: t('job.noMatch'), onClear: () => void setState(null) } : null}
      >
        {() => (
          <VirtualTable
            label={t('page.jobs')}
            rows={rows}
            columns={columns}
            total={total}
            rowId={(row) => row.id}
            rowName={(row) => jobName(row.kind)}
            narrowRow={(row) => <NarrowRow job={row} name={jobName(row.kind)} />}
            openId={openId}
            onOpen={onOpen}
            onEndReached={loadMore}
          />
        )}
      </QueryState>
    </>
  )
}

function useColumns(): Column<JobSummary>[] {
  const { t } = useTranslation()
  const jobName = useJobName()
  return useMemo(
    () => [
      {
        id: 'kind',
        header: t('job.kind'),
        track: 'minmax(180px, 2fr)',
        cell: (row) => (
          <>
            <span className="font-medium">{jobName(row.kind)}</span>{' '}
            <span className="font-mono text-11 text-muted">{row.kind}</span>
          </>
        ),
      },
      {
        id: 'state',
        header: t('job.state'),
        track: '140px',
        cell: (row) => <JobStateBadge state={row.state} />,
      },
      {
        id: 'progress',
        drop: 3,
        header: t('job.progressLabel'),
        track: 'minmax(120px, 1fr)',
        cell: (row) =>
          row.state === 'running' ? (
            <Progress label={t('job.progressLabel')} done={row.progress.done} total={row.progress.total} />
          ) : (
            <span className="text-muted">{row.error}</span>
          ),
      },
      {
        id: 'took',
        drop: 2,
        header: t('job.took'),
        track: '96px',
        align: 'end',
        cell: (row) =>
          row.started_at && row.finished_at ? formatDuration(row.started_at, Date.parse(row.finished_at)) : '–',
      },
      {
        id: 'started',
        header: t('alert.started'),
        track: '112px',
        align: 'end',
        cell: (row) => (row.started_at ? <Time at={row.started_at} className="text-muted" /> : '–'),
      },
    ],
    [t, jobName],
  )
}

function NarrowRow({ job, name }: { job: JobSummary; name: string }) {
  return (
    <div className="flex flex-col gap-0.5">
      <span className="truncate font-medium">{name}</span>
      <span className="flex items-center justify-between text-13">
        <JobStateBadge state={job.state} />
        {job.started_at && <Time at={job.started_at} className="text-muted" />}
      </span>
    </div>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Ban, RotateCcw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Progress } from '@/components/Common/Progress'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useNow } from '@/hooks/useNow'
import { formatDuration, formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Job, JobUnit } from '@/types/api'
import { isActive, jobQuery, useCancelJob, useReplayJob } from '../api'
import { unitTone } from '../rules'
import { JobStateBadge } from './JobStateBadge'

/** `hideEndedUnits`: what the units ended with is shown elsewhere. */
type Props = { id: string; hideEndedUnits?: boolean }

/** A job as it runs: how far it is, each unit, and the way to stop or repeat it. */
export function JobProgress({ id, hideEndedUnits }: Props) {
  const query = useQuery({ ...jobQuery(id), enabled: useCan('jobs:read') })
  return (
    <QueryState query={query} permission="jobs:read" skeleton={<SkeletonRows rows={3} />}>
      {(job) => <JobDetails job={job} hideUnits={hideEndedUnits && !isActive(job)} />}
    </QueryState>
  )
}

function JobDetails({ job, hideUnits }: { job: Job; hideUnits?: boolean }) {
  const { t } = useTranslation()
  const now = useNow()
  const { done, total } = job.progress
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <JobStateBadge state={job.state} />
        <span className="text-muted tabular-nums">
          {total ? t('job.progress', { done: formatNumber(done), total: formatNumber(total) }) : null}
          {job.started_at &&
            ` · ${formatDuration(job.started_at, job.finished_at ? Date.parse(job.finished_at) : now)}`}
        </span>
        <span className="flex-1" />
        <JobButtons job={job} />
      </div>
      {job.state === 'running' && <Progress label={t('job.progressLabel')} done={done} total={total} />}
      {job.error && <p className="break-words text-critical">{job.error}</p>}
      {job.units.length > 0 && !hideUnits && <JobUnits units={job.units} />}
    </div>
  )
}

function JobUnits({ units }: { units: JobUnit[] }) {
  const { t } = useTranslation()
  return (
    <ul
      tabIndex={0}
      aria-label={t('job.units')}
      className="max-h-72 divide-y divide-border overflow-y-auto rounded-control border border-border"
    >
      {units.map((unit) => (
        <li key={`${unit.service} ${unit.region}`} className="px-2.5 py-0.5">
          <span className="grid grid-cols-[minmax(0,1fr)_104px_64px] items-center gap-2">
            <span className="truncate">
              <span className="font-medium">{unit.service}</span> <span className="text-muted">{unit.region}</span>
            </span>
            <Badge tone={unitTone(unit.state)}>
              {t(`unitWord.${unit.state}` as 'unitWord.complete', { defaultValue: unit.state })}
            </Badge>
            <span className="text-right text-muted tabular-nums">
              {unit.resources === null ? '' : formatNumber(unit.resources)}
            </span>
          </span>
          {unit.error && <span className="break-words text-muted">{unit.error}</span>}
        </li>
      ))}
    </ul>
  )
}

function JobButtons({ job }: { job: Job }) {
  const { t } = useTranslation()
  const cancel = useCancelJob()
  const replay = useReplayJob()
  const mayWrite = useCan('jobs:write')
  if (!mayWrite) return null
  if (isActive(job)) {
    return (
      <Button icon={Ban} busy={cancel.isPending} onClick={() => cancel.mutate(job.id)}>
        {t('job.cancel')}
      </Button>
    )
  }
  if (job.state === 'failed' || job.state === 'cancelled') {
    return (
      <Button icon={RotateCcw} busy={replay.isPending} onClick={() => replay.mutate(job.id)}>
        {t('job.replay')}
      </Button>
    )
  }
  return null
}

import { useQuery } from '@tanstack/react-query'
import { ChartLine } from 'lucide-react'
import { parseAsInteger, useQueryState } from 'nuqs'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { TimeSeriesChart } from '@/components/Charts/TimeSeriesChart'
import { Button, LinkButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { Segmented } from '@/components/Common/Segmented'
import { Skeleton, SkeletonRows } from '@/components/Common/Skeleton'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { useNow } from '@/hooks/useNow'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import { formatUnit, unitOf } from '@/services/units'
import type { Health } from '@/types/api'
import { healthQuery, resourceMetricsQuery, resourcePointsQuery } from '../api'
import { linesOf } from '../rules/lines'
import { explorerQuery, usualFunction } from '../rules/questions'
import { ObjectiveList } from './ObjectiveList'

const HOURS = [6, 24, 168, 720]
const MOST_CHARTS = 8
const STALE_MS = 30 * 60_000

/** How a resource does: available, how much of it is used, its objectives, and its metrics over time. */
export function ResourceHealth({ id }: { id: string }) {
  const { t } = useTranslation()
  const [hours, setHours] = useQueryState('hours', parseAsInteger.withDefault(24))
  const enabled = useCan('metrics:read')
  const health = useQuery({ ...healthQuery(id, hours), enabled })
  const metrics = useQuery({ ...resourceMetricsQuery(id), enabled })
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <Segmented
          label={t('metrics.time')}
          value={String(hours)}
          choices={HOURS.map((value) => ({
            value: String(value),
            label: t(`health.hours.${value}` as 'health.hours.24'),
          }))}
          onChange={(value) => void setHours(Number(value))}
        />
        <LastSample at={metrics.data?.lastAt ?? null} />
      </div>
      <QueryState query={health} permission="metrics:read" skeleton={<Skeleton className="h-24" />}>
        {(found) => (
          <>
            <Figures health={found} />
            <ObjectiveList standings={found.objectives} resourceId={id} />
          </>
        )}
      </QueryState>
      <QueryState
        query={metrics}
        permission="metrics:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={({ names }) => names.length === 0}
        firstUse={{
          title: t('health.emptyTitle'),
          text: t('health.emptyText'),
          action: <LinkButton to="/integrations">{t('page.integrations')}</LinkButton>,
        }}
      >
        {({ names }) => <MetricCharts id={id} names={names} hours={hours} />}
      </QueryState>
    </div>
  )
}

function LastSample({ at: last }: { at: string | null }) {
  const { t } = useTranslation()
  const now = useNow()
  if (!last) return null
  if (now - Date.parse(last) > STALE_MS) {
    return (
      <Strip>
        {t('health.stale')} <Time at={last} />
      </Strip>
    )
  }
  return (
    <span className="text-muted">
      {t('health.lastSample')} <Time at={last} />
    </span>
  )
}

function Figures({ health }: { health: Health }) {
  const { t } = useTranslation()
  const { available_percent: available, utilisation } = health
  const measures = (['cpu', 'memory', 'disk'] as const).map((measure) => ({
    measure,
    found: utilisation.find((one) => one.measure === measure),
  }))
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-card border border-border bg-border lg:grid-cols-4">
      <Figure
        name={t('health.available')}
        value={available === null ? null : formatPercent(available, available < 100 && available > 99 ? 2 : 1)}
        note={t(available === null ? 'health.noUp' : 'health.byUp')}
      />
      {measures.map(({ measure, found }) => (
        <Figure
          key={measure}
          name={t(`health.measure.${measure}`)}
          value={found ? formatPercent(found.mean_percent) : null}
          note={found ? t('health.peak', { peak: formatPercent(found.peak_percent) }) : t('health.notMeasured')}
        />
      ))}
    </dl>
  )
}

function Figure({ name, value, note }: { name: string; value: string | null; note: string }) {
  return (
    <div className="bg-surface p-3">
      <dt className="font-medium text-muted">{name}</dt>
      <dd className="text-24 font-semibold tracking-tight tabular-nums">{value ?? '–'}</dd>
      <dd className="text-muted">{note}</dd>
    </div>
  )
}

/** What says how much is used comes first. */
const TELLING = /^up$|util|cpu|mem|filesystem/i

function MetricCharts({ id, names, hours }: { id: string; names: string[]; hours: number }) {
  const { t } = useTranslation()
  const [most, setMost] = useState(MOST_CHARTS)
  const ordered = [...names].sort((a, b) => Number(TELLING.test(b)) - Number(TELLING.test(a)))
  return (
    <>
      <div className="grid gap-3 lg:grid-cols-2">
        {ordered.slice(0, most).map((name) => (
          <MetricChart key={name} id={id} name={name} hours={hours} />
        ))}
      </div>
      {names.length > most && (
        <Button className="self-start" onClick={() => setMost(most + MOST_CHARTS)}>
          {t('health.more', { count: names.length - most })}
        </Button>
      )}
    </>
  )
}

/** Labels by which the store finds a resource's series again; the first that a series has leads to them. */
const IDENTITIES = ['host_id', 'instance_id', 'instance']

function MetricChart({ id, name, hours }: { id: string; name: string; hours: number }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...resourcePointsQuery(id, name, hours), enabled: useCan('metrics:read') })
  const points = query.data?.points ?? null
  const lines = useMemo(
    () => (points ? linesOf([{ points, isBefore: false, shiftMs: 0, beforeWord: '' }]) : []),
    [points],
  )
  const labels = points?.series[0]?.labels ?? {}
  const identity =
    IDENTITIES.find((label) => labels[label]) ?? Object.keys(labels).find((label) => label !== '__name__')
  const filter = identity && labels[identity] ? { [identity]: labels[identity] } : {}
  return (
    <QueryState
      compact
      query={query}
      permission="metrics:read"
      skeleton={<Skeleton className="h-44" />}
      frame={(state) => <Card title={name}>{state}</Card>}
    >
      {() => {
        const unit = lines[0]?.unit ?? unitOf('', name, usualFunction('', name))
        const highest = lines[0]?.max ?? null
        return (
          <TimeSeriesChart
            title={name}
            unit=""
            summary={
              lines[0]?.mean === null || lines[0] === undefined || highest === null
                ? t('metrics.noneTitle')
                : t('health.chart', { mean: formatUnit(lines[0].mean, unit), max: formatUnit(highest, unit) })
            }
            domain={{ fromMs: Date.parse(points?.from ?? ''), toMs: Date.parse(points?.to ?? '') }}
            series={lines}
            height={120}
            formatValue={(value) => formatUnit(value, unit)}
            aside={
              <LinkButton
                variant="quiet"
                icon={ChartLine}
                aria-label={t('health.exploreNamed', { name })}
                to={scopedLink('/explore', { q: explorerQuery(name, filter) })}
              >
                {t('health.explore')}
              </LinkButton>
            }
          />
        )
      }}
    </QueryState>
  )
}

import type { AnomalyDetail } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, Chip } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import { anomalyQuery } from '../api'
import { STATE_TONES } from '../rules'
import { valueText } from '../values'
import { AnomalyChart } from './AnomalyChart'
import { Feedback } from './Feedback'

/** One anomaly beside the list: the series around it, what was expected, and what people say of it. */
export function AnomalyPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const query = useQuery({ ...anomalyQuery(id), enabled: useCan('metrics:read') })
  const anomaly = query.data
  return (
    <SidePanel
      title={anomaly?.name ?? t('anomaly.one')}
      kicker={anomaly && <Badge tone={STATE_TONES[anomaly.state]}>{t(`anomaly.stateName.${anomaly.state}`)}</Badge>}
      onClose={onClose}
    >
      <QueryState query={query} permission="metrics:read" skeleton={<SkeletonRows rows={8} />}>
        {(detail) => <AnomalyContent anomaly={detail} />}
      </QueryState>
    </SidePanel>
  )
}

function AnomalyContent({ anomaly }: { anomaly: AnomalyDetail }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const unit = anomaly.around.series[0]?.unit ?? ''
  const write = (value: number | null) => valueText(value, anomaly.name, unit)
  const { low, high } = anomaly.expected
  const facts: [string, ReactNode][] = [
    [t('anomaly.kind'), t(`anomaly.kindName.${anomaly.kind}`)],
    [t('anomaly.started'), <Time key="started" at={anomaly.started_at} />],
  ]
  if (anomaly.ended_at) facts.push([t('anomaly.ended'), <Time key="ended" at={anomaly.ended_at} />])
  if (anomaly.value !== null) facts.push([t('anomaly.value'), write(anomaly.value)])
  if (low !== null && high !== null) facts.push([t('anomaly.expected'), `${write(low)} – ${write(high)}`])
  facts.push(
    [t('anomaly.score'), formatPercent(anomaly.score * 100, 0)],
    [t('anomaly.points'), formatNumber(anomaly.points)],
  )
  return (
    <>
      <div className="mb-5">
        <AnomalyChart anomaly={anomaly} />
      </div>
      <Section title={t('anomaly.feedback')}>
        <Feedback key={anomaly.id} anomaly={anomaly} />
      </Section>
      <Section title={t('anomaly.facts')}>
        <Facts facts={facts} />
        <div className="mt-2 flex flex-wrap gap-3">
          {anomaly.resource_id && (
            <Link className="link" to={scopedLink(`/resources/${anomaly.resource_id}`)}>
              {t('alert.openResource')}
            </Link>
          )}
          {anomaly.kind === 'burst' && (
            <Link className="link" to={scopedLink('/metrics/anomalies', { burst: anomaly.id })}>
              {t('anomaly.showMembers', { count: anomaly.series_count })}
            </Link>
          )}
          {anomaly.group_id && (
            <Link className="link" to={scopedLink('/metrics/anomalies', { id: anomaly.group_id })}>
              {t('anomaly.openBurst')}
            </Link>
          )}
        </div>
      </Section>
      {Object.keys(anomaly.labels).length > 0 && (
        <Section title={t('alert.labels')}>
          <ul className="flex flex-wrap gap-1.5">
            {Object.entries(anomaly.labels).map(([name, value]) => (
              <li key={name} className="max-w-full">
                <Chip title={`${name}: ${value}`}>
                  {name}: <span className="text-text">{value}</span>
                </Chip>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

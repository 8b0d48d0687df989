import { useQuery } from '@tanstack/react-query'
import { Check, CheckCheck } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, Chip } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { AlertDetail } from '@/types/api'
import { alertQuery } from '../api'
import { useAlertActions } from '../hooks/useAlertActions'
import { canAcknowledge, canResolve, STATUS_TONES } from '../rules'
import { Deliveries, Timeline } from './Timeline'

/** One alert beside the list: what happened, to what, who was told, and what can be done. */
export function AlertPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const query = useQuery({ ...alertQuery(id), enabled: useCan('alerts:read') })
  const alert = query.data
  return (
    <SidePanel
      title={alert?.title ?? t('alert.one')}
      kicker={alert && <SeverityMark severity={alert.severity} />}
      actions={alert && <AlertButtons key={alert.id} alert={alert} />}
      onClose={onClose}
    >
      <QueryState query={query} permission="alerts:read" skeleton={<SkeletonRows rows={6} />}>
        {(detail) => <AlertContent alert={detail} />}
      </QueryState>
    </SidePanel>
  )
}

function AlertButtons({ alert }: { alert: AlertDetail }) {
  const { t } = useTranslation()
  const noteId = useId()
  const [note, setNote] = useState('')
  const { mayAcknowledge, mayResolve, isBusy, acknowledge, resolve } = useAlertActions()
  const showAcknowledge = mayAcknowledge && canAcknowledge(alert.status)
  const showResolve = mayResolve && canResolve(alert.status)
  if (!showAcknowledge && !showResolve) return null
  return (
    <>
      <label htmlFor={noteId} className="sr-only">
        {t('alert.note')}
      </label>
      <input
        id={noteId}
        value={note}
        maxLength={2000}
        placeholder={t('alert.note')}
        onChange={(event) => setNote(event.target.value)}
        className="h-7 min-w-40 flex-1 rounded-control border border-border bg-surface px-2 max-md:h-9"
      />
      {showAcknowledge && (
        <Button variant="primary" icon={Check} busy={isBusy} onClick={() => acknowledge([alert.id], note)}>
          {t('alert.acknowledge')}
        </Button>
      )}
      {showResolve && (
        <Button icon={CheckCheck} busy={isBusy} onClick={() => resolve([alert.id], note)}>
          {t('alert.resolve')}
        </Button>
      )}
    </>
  )
}

function AlertContent({ alert }: { alert: AlertDetail }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const findingId = alert.labels.finding_id
  const labels = Object.entries(alert.labels).filter(([name]) => name !== 'finding_id')
  return (
    <>
      {alert.description && <p className="mb-4 break-words whitespace-pre-line">{alert.description}</p>}
      <Section title={t('alert.about')}>
        <Facts
          facts={[
            [
              t('alert.status'),
              <Badge key="status" tone={STATUS_TONES[alert.status]}>
                {t(`alertStatus.${alert.status}`)}
              </Badge>,
            ],
            [t('alert.started'), <Time key="started" at={alert.started_at} />],
            ...(alert.ended_at
              ? [[t('alert.ended'), <Time key="ended" at={alert.ended_at} />] as [string, ReactNode]]
              : []),
            [t('alert.source'), alert.source],
            [t('alert.count'), formatNumber(alert.count)],
          ]}
        />
        <div className="mt-2 flex flex-wrap gap-3">
          {alert.resource_id && (
            <Link className="link" to={scopedLink(`/resources/${alert.resource_id}`)}>
              {t('alert.openResource')}
            </Link>
          )}
          {findingId && (
            <Link className="link" to={scopedLink('/compliance', { tab: 'findings', id: findingId })}>
              {t('alert.openFinding')}
            </Link>
          )}
        </div>
      </Section>
      {labels.length > 0 && (
        <Section title={t('alert.labels')}>
          <ul className="flex flex-wrap gap-1.5">
            {labels.map(([name, value]) => (
              <li key={name} className="max-w-full">
                <Chip title={`${name}: ${value}`}>
                  {name}: <span className="text-text">{value}</span>
                </Chip>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title={t('alert.timeline')}>
        <Timeline entries={alert.timeline} />
      </Section>
      <Section title={t('alert.deliveries')}>
        <Deliveries deliveries={alert.deliveries} />
      </Section>
    </>
  )
}

import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, Chip } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { RowTable } from '@/components/Common/RowTable'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { STATE_TONES } from '../rules'
import type { RuleDetail, RuleInstance } from '../types'

const SHOWN = 20

/** The label sets that the rule has an eye on, firing ones first. */
export function InstanceTable({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const [most, setMost] = useState(SHOWN)
  if (rule.instances.length === 0) {
    return <p className="px-3 pb-3 text-muted">{t(rule.enabled ? 'rule.noInstances' : 'rule.isOff')}</p>
  }
  return (
    <div className="flex flex-col gap-2 p-3 pt-0">
      <RowTable
        label={t('rule.instances')}
        rows={rule.instances.slice(0, most)}
        rowId={({ key }) => key}
        columns={[
          { id: 'labels', header: t('alert.labels'), cell: (one) => <Labels labels={one.labels} /> },
          {
            id: 'state',
            header: t('rule.state'),
            cell: (one) => <Badge tone={STATE_TONES[one.state]}>{stateWords(one)}</Badge>,
          },
          {
            id: 'since',
            header: t('rule.since'),
            cell: (one) => <Time at={one.resolved_at ?? one.fired_at ?? one.active_at} className="text-muted" />,
          },
          {
            id: 'value',
            header: t('rule.value'),
            align: 'end',
            cell: (one) =>
              one.no_data || one.value === null
                ? t('rule.noValue')
                : formatNumber(one.value, { maximumSignificantDigits: 6 }),
          },
        ]}
        actions={(one) =>
          one.alert_id && (
            <Link className="link px-1" to={scopedLink('/alerts', { id: one.alert_id })}>
              {t('alert.open')}
            </Link>
          )
        }
      />
      {most < rule.instances.length && (
        <Button variant="quiet" className="self-start" onClick={() => setMost(rule.instances.length)}>
          {t('action.showAll')}
        </Button>
      )}
      {rule.instances_total > rule.instances.length && (
        <p className="text-muted">{t('rule.moreInstances', { count: rule.instances_total - rule.instances.length })}</p>
      )}
    </div>
  )

  function stateWords(one: RuleInstance): string {
    if (one.state === 'firing' && one.keep_since_at) return t('rule.keptFiring')
    return t(`rule.stateName.${one.state === 'inactive' ? 'resolved' : one.state}`)
  }
}

const HIDDEN = ['alertname', 'severity']

function Labels({ labels }: { labels: Record<string, string> }) {
  const shown = Object.entries(labels).filter(([name]) => !HIDDEN.includes(name))
  return (
    <span className="flex flex-wrap gap-1">
      {shown.map(([name, value]) => (
        <Chip key={name} title={`${name}: ${value}`}>
          {name}: <span className="text-text">{value}</span>
        </Chip>
      ))}
    </span>
  )
}

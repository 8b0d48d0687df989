import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Card } from '@/components/Common/Card'
import { SeverityMark } from '@/components/Common/Severity'
import { Facts } from '@/components/Common/SidePanel'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { durationText } from '@/services/durations'
import { formatNumber } from '@/services/format'
import type { Condition, RuleDetail } from '../types'
import { conditionWords } from '../words'
import { InstanceTable } from './InstanceTable'
import { RuleChart } from './RuleChart'
import { RuleHealthBadge } from './RuleTable'
import { VersionList } from './VersionList'

/** A stored rule: its condition in words, its series, its alerts, and who changed it. */
export function RuleView({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  return (
    <>
      {rule.last_error && <Strip>{t('rule.failing', { error: rule.last_error })}</Strip>}
      <div className="grid items-start gap-3 *:min-w-0 lg:grid-cols-[minmax(0,2fr)_minmax(280px,1fr)]">
        <div className="flex flex-col gap-3 *:min-w-0">
          <Card title={t('rule.condition')}>
            <p className="text-14 break-words">{conditionWords(t, rule.condition as Condition)}</p>
          </Card>
          <RuleChart rule={rule} />
          <Card title={t('rule.instances')} flush>
            <InstanceTable rule={rule} />
          </Card>
        </div>
        <div className="flex flex-col gap-3 *:min-w-0">
          <RuleFacts rule={rule} />
          <RuleTexts rule={rule} />
          <VersionList id={rule.id} />
        </div>
      </div>
    </>
  )
}

function RuleFacts({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const facts: [string, ReactNode][] = [
    [t('alert.severity'), <SeverityMark key="severity" severity={rule.severity} />],
    [t('rule.health'), <RuleHealthBadge key="health" rule={rule} />],
    [t('rule.evaluated'), rule.enabled ? <Time key="at" at={rule.evaluated_at} /> : t('rule.switchName.off')],
    [t('rule.every'), durationText(rule.interval_seconds)],
    [t('rule.hold'), durationText(rule.for_seconds)],
    [t('rule.keep'), durationText(rule.keep_firing_seconds)],
    [t('rule.noData'), t(`rule.noDataName.${rule.no_data}`)],
    [t('rule.onError'), t(`rule.onErrorName.${rule.on_error}`)],
    [t('rule.version'), formatNumber(rule.version)],
    [t('rule.changed'), <Time key="changed" at={rule.updated_at} />],
  ]
  if (rule.instance_limit > 0) facts.push([t('rule.limit'), formatNumber(rule.instance_limit)])
  if (rule.group) {
    facts.push([
      t('rule.group'),
      <Link key="group" className="link" to={scopedLink('/alerts/rules', { group: rule.group })}>
        {rule.group}
      </Link>,
    ])
  }
  if (rule.file_id) {
    facts.push([
      t('rule.file'),
      <Link key="file" className="link" to={scopedLink('/alerts/rules', { file: rule.file_id })}>
        {t('rule.oneFile')}
      </Link>,
    ])
  }
  return (
    <Card title={t('rule.facts')}>
      <Facts facts={facts} />
    </Card>
  )
}

function RuleTexts({ rule }: { rule: RuleDetail }) {
  const { t } = useTranslation()
  const texts = [...Object.entries(rule.annotations), ...Object.entries(rule.labels)]
  if (texts.length === 0) return null
  return (
    <Card title={t('rule.wording')}>
      <Facts facts={texts.map(([name, text]) => [name, <span key={name}>{text}</span>])} />
    </Card>
  )
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Switch } from '@/components/Common/Switch'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import { rulesQuery } from '../api/rules'
import { useRuleFilter } from '../hooks/useRuleFilter'
import { useSwitch } from '../hooks/useSwitch'
import { HEALTH_TONES, STATE_TONES } from '../rules'
import type { Condition, Rule } from '../types'
import { conditionWords } from '../words'

/** The rules by name, each with how it stands and its switch. */
export function RuleTable({ firstUse }: { firstUse: FirstUse }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const { filter, isActive, clear } = useRuleFilter()
  const query = useInfiniteQuery({ ...rulesQuery(filter), enabled: useCan('alerts:read') })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns()
  return (
    <QueryState
      query={query}
      permission="alerts:read"
      skeleton={<SkeletonRows rows={14} />}
      isEmpty={() => rows.length === 0}
      firstUse={firstUse}
      noMatch={isActive ? { text: t('rule.noMatch'), onClear: clear } : null}
    >
      {() => (
        <VirtualTable
          label={t('page.alertRules')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.id}
          rowName={(row) => row.name}
          narrowRow={(row) => <NarrowRow rule={row} />}
          openId={null}
          onOpen={(id) => void navigate(scopedLink(`/alerts/rules/${id}`))}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

function useColumns(): Column<Rule>[] {
  const { t } = useTranslation()
  const mayChange = useCan('rules:write')
  const { run, busyId } = useSwitch()
  return useMemo(
    () => [
      {
        id: 'enabled',
        header: t('rule.switch'),
        track: '64px',
        cell: (row) => (
          <Switch
            label={t('rule.switchNamed', { name: row.name })}
            checked={row.enabled}
            busy={busyId === row.id}
            disabled={!mayChange}
            onChange={(enabled) => run(row, enabled)}
          />
        ),
      },
      {
        id: 'severity',
        header: t('alert.severity'),
        track: '104px',
        cell: (row) => <SeverityMark severity={row.severity} />,
      },
      {
        id: 'name',
        header: t('rule.name'),
        track: 'minmax(180px, 2fr)',
        cell: (row) => <span className="font-medium">{row.name}</span>,
      },
      {
        id: 'condition',
        drop: 2,
        header: t('rule.condition'),
        track: 'minmax(220px, 3fr)',
        cell: (row) => (
          <span className="text-muted" title={conditionWords(t, row.condition as Condition)}>
            {conditionWords(t, row.condition as Condition)}
          </span>
        ),
      },
      { id: 'state', header: t('rule.state'), track: '148px', cell: (row) => <RuleStateBadge rule={row} /> },
      {
        id: 'health',
        drop: 1,
        header: t('rule.health'),
        track: '112px',
        cell: (row) => <RuleHealthBadge rule={row} />,
      },
      {
        id: 'group',
        drop: 4,
        header: t('rule.group'),
        track: 'minmax(110px, 1fr)',
        cell: (row) => row.group && <span className="text-muted">{row.group}</span>,
      },
      {
        id: 'updated',
        drop: 3,
        header: t('rule.changed'),
        track: '116px',
        align: 'end',
        cell: (row) => <Time at={row.updated_at} className="text-muted" />,
      },
    ],
    [t, mayChange, run, busyId],
  )
}

/** "2 firing, 1 pending": the worst state with its numbers. */
export function RuleStateBadge({ rule }: { rule: Rule }) {
  const { t } = useTranslation()
  if (!rule.enabled) return <Badge tone="neutral">{t('rule.switchName.off')}</Badge>
  const counts = [
    rule.firing > 0 && t('rule.firingCount', { count: rule.firing, shown: formatNumber(rule.firing) }),
    rule.pending > 0 && t('rule.pendingCount', { count: rule.pending, shown: formatNumber(rule.pending) }),
  ].filter(Boolean)
  return <Badge tone={STATE_TONES[rule.state]}>{counts.join(', ') || t('rule.stateName.inactive')}</Badge>
}

export function RuleHealthBadge({ rule }: { rule: Rule }) {
  const { t } = useTranslation()
  return (
    <span title={rule.last_error ?? undefined}>
      <Badge tone={HEALTH_TONES[rule.health]}>{t(`rule.healthName.${rule.health}`)}</Badge>
    </span>
  )
}

function NarrowRow({ rule }: { rule: Rule }) {
  return (
    <div className="flex flex-col gap-0.5">
      <span className="truncate font-medium">{rule.name}</span>
      <span className="flex items-center gap-3 text-13">
        <SeverityMark severity={rule.severity} />
        <RuleStateBadge rule={rule} />
        <span className="ml-auto">{rule.health === 'err' && <RuleHealthBadge rule={rule} />}</span>
      </span>
    </div>
  )
}

import type { UsageRead } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { BarList } from '@/components/Charts/BarList'
import { Card } from '@/components/Common/Card'
import { Checkbox } from '@/components/Common/Inputs'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { usageQuery, useSetUsage } from '../api/usage'

type Props = { from: string; to: string }

/** Which pages and features are used, counted without names; off by one switch. */
export function Usage({ from, to }: Props) {
  const query = useQuery({ ...usageQuery(from, to), enabled: useCan('ownership:write') })
  return (
    <QueryState
      query={query}
      permission="ownership:write"
      skeleton={
        <Card>
          <SkeletonRows rows={8} />
        </Card>
      }
    >
      {(usage) => (
        <>
          <Switch enabled={usage.enabled} />
          <Counts usage={usage} />
        </>
      )}
    </QueryState>
  )
}

function Switch({ enabled }: { enabled: boolean }) {
  const { t } = useTranslation()
  const set = useSetUsage()
  return (
    <Card>
      <Checkbox
        label={t('usage.enabled')}
        hint={t('usage.enabledHint')}
        checked={enabled}
        disabled={set.isPending}
        onChange={(event) => set.mutate(event.target.checked)}
      />
    </Card>
  )
}

function Counts({ usage }: { usage: UsageRead }) {
  const { t } = useTranslation()
  if (usage.pages.length + usage.features.length === 0) {
    return (
      <Card>
        <p className="text-muted">{t(usage.enabled ? 'usage.emptyText' : 'usage.offText')}</p>
      </Card>
    )
  }
  return (
    <>
      <p className="text-muted">{t('usage.people', { count: usage.people, shown: formatNumber(usage.people) })}</p>
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <Names title={t('usage.pages')} names={usage.pages} />
        <Names title={t('usage.features')} names={usage.features} />
      </div>
    </>
  )
}

function Names({ title, names }: { title: string; names: UsageRead['pages'] }) {
  const { t } = useTranslation()
  return (
    <Card title={title}>
      {names.length === 0 ? (
        <p className="text-muted">{t('usage.none')}</p>
      ) : (
        <BarList
          label={title}
          items={names.map(({ name, count, people }) => ({
            id: name,
            label: name,
            value: count,
            color: 'var(--series-1)',
            shown: `${t('usage.count', { count, shown: formatNumber(count) })} · ${t('usage.by', { count: people, shown: formatNumber(people) })}`,
          }))}
        />
      )}
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { BarList } from '@/components/Charts/BarList'
import { ChartFrame } from '@/components/Charts/ChartFrame'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import { quoted } from '@/services/searchText'
import type { TagCoverages } from '@/types/api'
import { tagCoverageQuery } from '../api'

const MOST_KEYS = 15

/** How far each tag key is used; every bar leads to what lacks it. */
export function TagCoverage() {
  const { t } = useTranslation()
  const query = useQuery({ ...tagCoverageQuery(), enabled: useCan('inventory:read') })
  return (
    <QueryState
      query={query}
      permission="inventory:read"
      skeleton={<SkeletonRows rows={8} />}
      isEmpty={({ items }) => items.length === 0}
      firstUse={{ title: t('tagCoverage.emptyTitle'), text: t('tagCoverage.emptyText') }}
      frame={(state) => <Card title={t('tagCoverage.title')}>{state}</Card>}
    >
      {(coverage) => <Coverage coverage={coverage} />}
    </QueryState>
  )
}

function Coverage({ coverage }: { coverage: TagCoverages }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { items, total, untagged } = coverage
  const percent = (value: number) => formatPercent(value, value > 0 && value < 100 ? 1 : 0)
  return (
    <ChartFrame
      title={t('tagCoverage.title')}
      unit={t('tagCoverage.unit')}
      summary={t('tagCoverage.summary', {
        count: untagged,
        untagged: formatNumber(untagged),
        total: formatNumber(total),
      })}
      aside={
        untagged > 0 && (
          <Link className="link" to={scopedLink('/resources', { search: 'is:untagged' })}>
            {t('tagCoverage.showUntagged')}
          </Link>
        )
      }
      table={{
        columns: [t('tagCoverage.key'), t('page.resources'), t('tagCoverage.share'), t('tagCoverage.values')],
        rows: items.map(({ key, resources, percent: share, values }) => [
          key,
          formatNumber(resources),
          percent(share),
          formatNumber(values),
        ]),
      }}
    >
      <BarList
        label={t('tagCoverage.title')}
        items={items.slice(0, MOST_KEYS).map(({ key, percent: share, resources }) => ({
          id: key,
          label: key,
          value: share,
          shown: t('tagCoverage.bar', { percent: percent(share), resources: formatNumber(resources) }),
          color: 'var(--series-1)',
          to: scopedLink('/resources', { search: `-tag:${quoted(key)}` }),
        }))}
      />
      {items.length > MOST_KEYS && (
        <p className="mt-2 text-muted">{t('tagCoverage.more', { count: items.length - MOST_KEYS })}</p>
      )}
    </ChartFrame>
  )
}

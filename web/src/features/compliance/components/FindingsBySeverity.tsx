import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { BarList } from '@/components/Charts/BarList'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SEVERITIES, SeverityMark } from '@/components/Common/Severity'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { complianceSummaryQuery } from '../api'

/** Open findings by severity; each bar leads to its findings. */
export function FindingsBySeverity() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...complianceSummaryQuery(), enabled: useCan('compliance:read') })
  return (
    <Card title={t('dashboard.findingsBySeverity')}>
      <QueryState
        query={query}
        permission="compliance:read"
        skeleton={<Skeleton className="h-40" />}
        isEmpty={({ last_evaluated_at }) => last_evaluated_at === null}
        firstUse={{ title: t('compliance.emptyTitle'), text: t('compliance.emptyText') }}
      >
        {({ by_severity }) => (
          <BarList
            label={t('dashboard.findingsBySeverity')}
            items={SEVERITIES.map((severity) => ({
              id: severity,
              value: by_severity[severity] ?? 0,
              label: <SeverityMark severity={severity} />,
              shown: formatNumber(by_severity[severity] ?? 0),
              color: `var(--${severity})`,
              to: scopedLink('/compliance', { tab: 'findings', severity }),
            }))}
          />
        )}
      </QueryState>
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Kpi } from '@/components/Common/Kpi'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatCoverage, formatNumber, formatPercent } from '@/services/format'
import { useCan } from '@/services/permissions'
import { complianceSummaryQuery } from '../api'
import { ScoreRing } from './ScoreRing'

/** The score over all controls, with how much of the estate it rests on. */
export function ComplianceKpi() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...complianceSummaryQuery(), enabled: useCan('compliance:read') })
  return (
    <QueryState compact query={query} permission="compliance:read" skeleton={<Skeleton className="m-3 h-18" />}>
      {({ score, coverage_percent, open_issues }) => (
        <Kpi
          to={scopedLink('/compliance')}
          label={t('kpi.compliance')}
          period={t('kpi.now')}
          value={
            score === null ? <span className="text-muted">{t('compliance.notAssessed')}</span> : formatPercent(score, 0)
          }
          aside={score !== null && <ScoreRing score={score} size={30} />}
          note={t('kpi.coverage', {
            coverage: formatCoverage(coverage_percent ?? 0),
            count: open_issues,
            shown: formatNumber(open_issues),
          })}
        />
      )}
    </QueryState>
  )
}

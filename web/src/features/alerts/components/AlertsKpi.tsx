import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import { Kpi } from '@/components/Common/Kpi'
import { QueryState } from '@/components/Common/QueryState'
import { SEVERITY_SHAPES } from '@/components/Common/Severity'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { alertSummaryQuery } from '../api'

/** Open critical alerts, beside all that are open. */
export function AlertsKpi() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...alertSummaryQuery(), enabled: useCan('alerts:read') })
  return (
    <QueryState compact query={query} permission="alerts:read" skeleton={<Skeleton className="m-3 h-18" />}>
      {({ by_severity, by_status }) => {
        const critical = by_severity.critical ?? 0
        const open = (by_status.firing ?? 0) + (by_status.acknowledged ?? 0)
        return (
          <Kpi
            to={scopedLink('/alerts', { severity: 'critical' })}
            label={t('kpi.criticalAlerts')}
            period={t('kpi.now')}
            value={
              <span className={classes(critical > 0 && 'text-critical')}>
                {critical > 0 && (
                  <span aria-hidden className="mr-1.5 text-15">
                    {SEVERITY_SHAPES.critical}
                  </span>
                )}
                {formatNumber(critical)}
              </span>
            }
            note={t('kpi.ofOpenAlerts', { count: open, shown: formatNumber(open) })}
          />
        )
      }}
    </QueryState>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Kpi } from '@/components/Common/Kpi'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { inventorySummaryQuery } from '../api'

/** Resources that the last reads did not reach, of how many there are. */
export function StaleKpi() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...inventorySummaryQuery(), enabled: useCan('inventory:read') })
  return (
    <QueryState compact query={query} permission="inventory:read" skeleton={<Skeleton className="m-3 h-18" />}>
      {({ stale, total }) => (
        <Kpi
          to={scopedLink('/resources', { stale: 'true' })}
          label={t('kpi.stale')}
          period={t('kpi.now')}
          value={formatNumber(stale)}
          note={t('kpi.ofResources', { count: total, shown: formatNumber(total) })}
        />
      )}
    </QueryState>
  )
}

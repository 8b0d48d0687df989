import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { alertSummaryQuery } from '@/features/alerts/api'
import { AlertFilters } from '@/features/alerts/components/AlertFilters'
import { AlertPanel } from '@/features/alerts/components/AlertPanel'
import { AlertTable } from '@/features/alerts/components/AlertTable'
import { useOpenItem } from '@/hooks/useOpenItem'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'

export default function AlertsPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const { data: summary } = useQuery({ ...alertSummaryQuery(), enabled: useCan('alerts:read') })
  const firing = summary?.by_status.firing
  return (
    <ListPage panel={openId && <AlertPanel key="panel" id={openId} onClose={close} />}>
      <PageHeader
        title={t('page.alerts')}
        count={firing === undefined ? null : t('alert.firingCount', { count: firing, shown: formatNumber(firing) })}
      />
      <AlertFilters summary={summary} />
      <AlertTable
        openId={openId}
        onOpen={open}
        firstUse={{ title: t('alert.emptyTitle'), text: t('alert.emptyText') }}
      />
    </ListPage>
  )
}

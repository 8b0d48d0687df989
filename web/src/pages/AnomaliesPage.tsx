import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { AnomalyFilters } from '@/features/anomalies/components/AnomalyFilters'
import { AnomalyPanel } from '@/features/anomalies/components/AnomalyPanel'
import { AnomalyTable } from '@/features/anomalies/components/AnomalyTable'
import { useOpenItem } from '@/hooks/useOpenItem'

export default function AnomaliesPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  return (
    <ListPage panel={openId && <AnomalyPanel key="panel" id={openId} onClose={close} />}>
      <PageHeader title={t('page.anomalies')} />
      <AnomalyFilters />
      <AnomalyTable openId={openId} onOpen={open} />
    </ListPage>
  )
}

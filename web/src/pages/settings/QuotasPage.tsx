import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { Quotas } from '@/features/organization/components/Quotas'

export default function QuotasPage() {
  const { t } = useTranslation()
  return (
    <ScrollPage>
      <PageHeader title={t('page.quotas')} note={t('quotas.note')} />
      <div className="max-w-160">
        <Quotas />
      </div>
    </ScrollPage>
  )
}

import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { Branding } from '@/features/organization/components/Branding'

export default function BrandingPage() {
  const { t } = useTranslation()
  return (
    <ScrollPage>
      <PageHeader title={t('page.branding')} />
      <Branding />
    </ScrollPage>
  )
}

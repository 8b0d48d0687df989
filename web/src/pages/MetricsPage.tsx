import { Plug } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { Explorer } from '@/features/metrics/components/Explorer'

export default function MetricsPage() {
  const { t } = useTranslation()
  const integrations = (
    <LinkButton to="/integrations" icon={Plug}>
      {t('page.integrations')}
    </LinkButton>
  )
  return (
    <ScrollPage>
      <PageHeader title={t('page.metrics')} actions={integrations} />
      <Explorer firstUse={{ title: t('metrics.emptyTitle'), text: t('metrics.emptyText'), action: integrations }} />
    </ScrollPage>
  )
}

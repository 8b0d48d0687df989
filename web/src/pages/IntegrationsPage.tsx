import { ChartLine } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { Senders } from '@/features/integrations/components/Senders'
import { SourceList } from '@/features/integrations/components/SourceList'

export default function IntegrationsPage() {
  const { t } = useTranslation()
  const { accounts, byId } = useAccountNames()
  return (
    <ScrollPage>
      <PageHeader
        title={t('page.integrations')}
        actions={
          <LinkButton to="/explore" icon={ChartLine}>
            {t('page.metrics')}
          </LinkButton>
        }
      />
      <SourceList accounts={accounts ?? []} accountName={byId} />
      <Senders />
    </ScrollPage>
  )
}

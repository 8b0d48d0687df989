import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { ApiKeyList } from '@/features/access/components/ApiKeyList'
import { ServiceIdentityList } from '@/features/access/components/ServiceIdentityList'
import { useAccountNames } from '@/features/accounts/api'
import { useCan } from '@/services/permissions'

export default function ApiKeysPage() {
  const { t } = useTranslation()
  const { accounts = [] } = useAccountNames()
  const mayAll = useCan('api-keys:write')
  return (
    <ScrollPage>
      <PageHeader title={t('page.apiKeys')} />
      <ApiKeyList accounts={accounts} own={!mayAll} />
      {mayAll && <ServiceIdentityList accounts={accounts} />}
    </ScrollPage>
  )
}

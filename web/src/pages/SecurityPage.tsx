import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { Strip } from '@/components/Common/States'
import { ScrollPage } from '@/components/Layout/ListPage'
import { ApiKeyList } from '@/features/access/components/ApiKeyList'
import { useAccountNames } from '@/features/accounts/api'
import { FactorList } from '@/features/identity/components/factors/FactorList'
import { LinkedProviders } from '@/features/identity/components/LinkedProviders'
import { PasswordForm } from '@/features/identity/components/profile/PasswordForm'
import { ProfileNavigation } from '@/features/identity/components/profile/ProfileNavigation'
import { SessionList } from '@/features/identity/components/SessionList'
import { useCan } from '@/services/permissions'
import { useSession } from '@/services/session'

export default function SecurityPage() {
  const { t } = useTranslation()
  const { accounts = [] } = useAccountNames()
  const demanded = useSession((session) => session.factorDemanded && !session.me?.mfa.enrolled)
  const mayHaveKeys = useCan('api-keys:own')
  return (
    <div className="flex min-h-0 flex-1 max-md:flex-col">
      <ProfileNavigation />
      <ScrollPage>
        <PageHeader title={t('page.security')} />
        <div className="flex max-w-200 flex-col gap-3">
          {demanded && <Strip>{t('factor.demanded')}</Strip>}
          <FactorList />
          <PasswordForm />
          <LinkedProviders />
          <SessionList />
          {mayHaveKeys && <ApiKeyList own accounts={accounts} />}
        </div>
      </ScrollPage>
    </div>
  )
}

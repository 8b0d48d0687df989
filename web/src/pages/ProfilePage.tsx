import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { PageHeader } from '@/components/Common/PageHeader'
import { Facts } from '@/components/Common/SidePanel'
import { ScrollPage } from '@/components/Layout/ListPage'
import { PasswordForm } from '@/features/identity/components/PasswordForm'
import { SessionList } from '@/features/identity/components/SessionList'
import { useSession } from '@/services/session'

export default function ProfilePage() {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  return (
    <ScrollPage>
      <PageHeader title={t('page.profile')} />
      <div className="flex max-w-160 flex-col gap-3">
        {me && (
          <Card title={t('profile.you')}>
            <Facts
              facts={[
                [t('profile.name'), me.name || '–'],
                [t('signIn.email'), me.email],
                [t('profile.role'), t(`role.${me.role}` as 'role.owner', { defaultValue: me.role })],
                [t('profile.organization'), me.organization.name],
              ]}
            />
          </Card>
        )}
        <SessionList />
        <PasswordForm />
      </div>
    </ScrollPage>
  )
}

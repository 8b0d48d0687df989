import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { ProfileNavigation } from '@/features/identity/components/profile/ProfileNavigation'
import { You } from '@/features/identity/components/profile/You'

export default function ProfilePage() {
  const { t } = useTranslation()
  return (
    <div className="flex min-h-0 flex-1 max-md:flex-col">
      <ProfileNavigation />
      <ScrollPage>
        <PageHeader title={t('page.profile')} />
        <div className="max-w-160">
          <You />
        </div>
      </ScrollPage>
    </div>
  )
}

import { useTranslation } from 'react-i18next'
import { SubNavigation } from '@/components/Layout/SubNavigation'
import { SECURITY_PATH } from '../FactorBanner'

export function ProfileNavigation() {
  const { t } = useTranslation()
  return (
    <SubNavigation
      label={t('profile.tabs')}
      groups={[
        {
          entries: [
            { path: '/profile', label: t('profile.general') },
            { path: SECURITY_PATH, label: t('profile.security') },
          ],
        },
      ]}
    />
  )
}

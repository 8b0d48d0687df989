import { useTranslation } from 'react-i18next'
import { useLocation } from 'react-router'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { AuthorizeClient } from '@/features/identity/components/links/AuthorizeClient'

export default function AuthorizePage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const { search } = useLocation()
  return (
    <PlainPage mark={mark} title={t('authorize.title')} wide>
      <AuthorizeClient search={search} />
    </PlainPage>
  )
}

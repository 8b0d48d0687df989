import { useTranslation } from 'react-i18next'
import { useLocation } from 'react-router'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { ForgotPassword } from '@/features/identity/components/links/ForgotPassword'

export default function ForgotPasswordPage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const { state } = useLocation() as { state: { email?: string } | null }
  return (
    <PlainPage mark={mark} title={t('forgot.title')}>
      <ForgotPassword email={state?.email ?? ''} />
    </PlainPage>
  )
}

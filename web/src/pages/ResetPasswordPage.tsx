import { useTranslation } from 'react-i18next'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { ResetPassword } from '@/features/identity/components/links/ResetPassword'
import { useUrlToken } from '@/hooks/useUrlToken'

export default function ResetPasswordPage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const token = useUrlToken()
  return (
    <PlainPage mark={mark} title={t('reset.title')}>
      <ResetPassword token={token} />
    </PlainPage>
  )
}

import { useTranslation } from 'react-i18next'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { VerifyEmail } from '@/features/identity/components/links/VerifyEmail'
import { useUrlToken } from '@/hooks/useUrlToken'

export default function VerifyEmailPage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  const token = useUrlToken()
  return (
    <PlainPage mark={mark} title={t('verify.title')}>
      <VerifyEmail token={token} />
    </PlainPage>
  )
}

import { useTranslation } from 'react-i18next'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { CompleteSignIn } from '@/features/identity/components/CompleteSignIn'

export default function SignInCompletePage() {
  const { t } = useTranslation()
  const { mark } = useBrand()
  return (
    <PlainPage mark={mark} title={t('complete.title')}>
      <CompleteSignIn />
    </PlainPage>
  )
}

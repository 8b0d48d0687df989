import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { Strip } from '@/components/Common/States'
import { PlainPage } from '@/components/Layout/PlainPage'
import { useBrand } from '@/features/identity/components/Brand'
import { SignInForm } from '@/features/identity/components/signIn/SignInForm'
import { safePath } from '@/services/safePath'
import { useSession } from '@/services/session'

export default function SignInPage() {
  const { t } = useTranslation()
  const [search] = useSearchParams()
  const { name, mark } = useBrand()
  const ended = useSession((session) => session.ended)
  const refused = search.has('error')
  return (
    <PlainPage
      mark={mark}
      title={name ?? t('signIn.title')}
      text={name ? t('signIn.textNamed', { name }) : t('signIn.text')}
      note={(ended || refused) && <Strip>{t(refused ? 'complete.failed' : 'signIn.expired')}</Strip>}
    >
      <SignInForm next={safePath(search.get('next'))} />
    </PlainPage>
  )
}

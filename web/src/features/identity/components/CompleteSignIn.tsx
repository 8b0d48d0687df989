import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useSession } from '@/services/session'

/** After an identity provider sent the person back: the session was taken up already, or it was refused. */
export function CompleteSignIn() {
  const { t } = useTranslation()
  const status = useSession((session) => session.status)
  if (status === 'signed-in') return null
  return (
    <div role="alert" className="flex flex-col gap-3">
      <p>{t('complete.failed')}</p>
      <Link className="link" to="/sign-in">
        {t('signIn.back')}
      </Link>
    </div>
  )
}

import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import { Strip } from '@/components/Common/States'
import { formatInstant } from '@/services/format'
import { useSession } from '@/services/session'

export const SECURITY_PATH = '/profile/security'

/** Above every page: a first password that ends, and a second factor that is demanded and can still wait. */
export function FactorBanner() {
  return (
    <>
      <FirstPassword />
      <MissingFactor />
    </>
  )
}

function FirstPassword() {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const at = useSession((session) => session.me?.password_expires_at)
  if (!at || pathname === SECURITY_PATH) return null
  return (
    <div className="px-4 pt-3 max-md:px-3">
      <Strip
        action={
          <Link className="link" to={SECURITY_PATH}>
            {t('password.title')}
          </Link>
        }
      >
        {t('profile.firstPassword', { at: formatInstant(at) })}
      </Strip>
    </div>
  )
}

function MissingFactor() {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const mfa = useSession((session) => session.me?.mfa)
  if (!mfa?.required || mfa.enrolled || pathname === SECURITY_PATH) return null
  return (
    <div className="px-4 pt-3 max-md:px-3">
      <Strip
        action={
          <Link className="link" to={SECURITY_PATH}>
            {t('factor.setUp')}
          </Link>
        }
      >
        {mfa.grace_ends_at ? t('factor.grace', { at: formatInstant(mfa.grace_ends_at) }) : t('factor.demanded')}
      </Strip>
    </div>
  )
}

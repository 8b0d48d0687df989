import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import { Strip } from '@/components/Common/States'
import { formatInstant } from '@/services/format'
import { useSession } from '@/services/session'

export const SECURITY_PATH = '/profile/security'

/** Above every page while a second factor is demanded and can still wait. */
export function FactorBanner() {
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

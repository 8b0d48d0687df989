import { useTranslation } from 'react-i18next'
import { Strip } from '@/components/Common/States'
import { Logo } from '@/components/Layout/Logo'
import { SignInForm } from '@/features/identity/components/SignInForm'
import { usePageTitle } from '@/hooks/usePageTitle'
import { useSession } from '@/services/session'

export default function SignInPage() {
  const { t } = useTranslation()
  usePageTitle(t('signIn.title'))
  const ended = useSession((session) => session.ended)
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <div className="w-full max-w-90">
        <div className="mb-6 flex items-center gap-3">
          <Logo size={36} />
          <div>
            <h1 className="text-18 font-semibold tracking-tight">{t('signIn.title')}</h1>
            <p className="text-muted">{t('signIn.text')}</p>
          </div>
        </div>
        {ended && (
          <div className="mb-4">
            <Strip>{t('signIn.expired')}</Strip>
          </div>
        )}
        <div className="rounded-card border border-border bg-surface p-5">
          <SignInForm />
        </div>
      </div>
    </main>
  )
}

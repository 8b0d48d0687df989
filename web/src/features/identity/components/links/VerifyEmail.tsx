import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Skeleton } from '@/components/Common/Skeleton'
import { useVerifyEmail } from '@/features/identity/api/signIn'
import { UnusableLink } from './ResetPassword'

/** Confirms an address by the token of a mail; opening the link is enough. */
export function VerifyEmail({ token }: { token: string | null }) {
  const { t } = useTranslation()
  const { mutate, isSuccess, error, isPending } = useVerifyEmail()
  const sent = useRef(false)
  useEffect(() => {
    // The token is good for one use, and effects run twice while developing.
    if (!token || sent.current) return
    sent.current = true
    mutate(token)
  }, [token, mutate])
  if (!token) return <UnusableLink text={t('verify.noToken')} />
  if (error) {
    return (
      <div className="flex flex-col gap-3">
        <ProblemNote error={error} />
        <p className="text-muted">{t('verify.failedText')}</p>
        <Button className="self-start" busy={isPending} onClick={() => mutate(token)}>
          {t('action.tryAgain')}
        </Button>
      </div>
    )
  }
  if (isSuccess) {
    return (
      <div className="flex flex-col gap-3">
        <p role="status">{t('verify.done')}</p>
        <Link className="link" to="/">
          {t('verify.goOn')}
        </Link>
      </div>
    )
  }
  return (
    <div role="status" aria-busy="true">
      <span className="sr-only">{t('state.loading')}</span>
      <Skeleton className="h-4 w-2/3" />
    </div>
  )
}

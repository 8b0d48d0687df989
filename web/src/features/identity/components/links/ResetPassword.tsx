import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { useResetPassword } from '@/features/identity/api/signIn'
import { isLongEnough, NewPasswordField } from '../NewPasswordField'

/** Sets a new password by the token of a mail. */
export function ResetPassword({ token }: { token: string | null }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [left, setLeft] = useState(false)
  const reset = useResetPassword()
  if (reset.isSuccess) {
    return (
      <div className="flex flex-col gap-4">
        <p role="status">{t('reset.done')}</p>
        <Link className="link" to="/sign-in">
          {t('signIn.submit')}
        </Link>
      </div>
    )
  }
  if (!token) return <UnusableLink text={t('reset.noToken')} />
  const error = left && !isLongEnough(password) ? t('password.error.next') : undefined
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setLeft(true)
        if (isLongEnough(password)) reset.mutate({ token, new_password: password })
      }}
    >
      <NewPasswordField
        autoFocus
        value={password}
        error={error}
        onBlur={() => password && setLeft(true)}
        onChange={(event) => setPassword(event.target.value)}
      />
      <p className="text-muted">{t('reset.effect')}</p>
      <ProblemNote error={reset.error} />
      <Button variant="primary" type="submit" className="h-9!" busy={reset.isPending}>
        {t('reset.submit')}
      </Button>
      {reset.error && <AskAgain />}
    </form>
  )
}

function AskAgain() {
  const { t } = useTranslation()
  return (
    <Link className="link self-center" to="/forgot-password">
      {t('forgot.again')}
    </Link>
  )
}

/** A link that lost its token, most often because the page was loaded again. */
export function UnusableLink({ text }: { text: string }) {
  const { t } = useTranslation()
  return (
    <div className="flex flex-col gap-3">
      <p>{text}</p>
      <Link className="link" to="/sign-in">
        {t('signIn.back')}
      </Link>
    </div>
  )
}

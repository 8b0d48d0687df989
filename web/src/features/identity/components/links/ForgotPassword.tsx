import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { useForgotPassword } from '@/features/identity/api/signIn'

/** Asks for the mail that sets a new password. The answer is the same whether the address is known or not. */
export function ForgotPassword({ email: known }: { email: string }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState(known)
  const [missing, setMissing] = useState(false)
  const ask = useForgotPassword()
  const back = (
    <Link className="link self-center" to="/sign-in">
      {t('signIn.back')}
    </Link>
  )
  if (ask.isSuccess) {
    return (
      <div className="flex flex-col gap-4">
        <p role="status">{t('forgot.sent', { email: ask.variables })}</p>
        {back}
      </div>
    )
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        const typed = email.trim()
        setMissing(!typed)
        if (typed) ask.mutate(typed)
      }}
    >
      <Field
        autoFocus
        type="email"
        autoComplete="username"
        label={t('signIn.email')}
        value={email}
        error={missing ? t('signIn.error.email') : undefined}
        onChange={(event) => setEmail(event.target.value)}
      />
      <ProblemNote error={ask.error} />
      <Button variant="primary" type="submit" className="h-9!" busy={ask.isPending}>
        {t('forgot.submit')}
      </Button>
      {back}
    </form>
  )
}

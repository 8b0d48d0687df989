import { ArrowRight, KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { useSignInMethods } from '@/features/identity/api/signIn'
import { useFieldPasskey, usePasskeySignIn } from '@/features/identity/hooks/usePasskeySignIn'
import { canUsePasskeys } from '@/features/identity/passkeys'
import type { Outcome, SignInMethods } from '@/features/identity/signInState'

type Props = {
  email: string
  onMethods: (email: string, methods: SignInMethods) => void
  onOutcome: (outcome: Outcome) => void
}

/** First the e-mail address alone: how one goes on depends on whom it belongs to. */
export function EmailStep({ email: known, onMethods, onOutcome }: Props) {
  const { t } = useTranslation()
  const [email, setEmail] = useState(known)
  const [missing, setMissing] = useState(false)
  const find = useSignInMethods()
  const passkey = usePasskeySignIn(onOutcome)
  useFieldPasskey(onOutcome)
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        const typed = email.trim()
        setMissing(!typed)
        if (typed) find.mutate(typed, { onSuccess: (methods) => onMethods(typed, methods) })
      }}
    >
      <Field
        label={t('signIn.email')}
        type="email"
        name="email"
        autoComplete="username webauthn"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        value={email}
        error={missing ? t('signIn.error.email') : undefined}
        onChange={(event) => {
          setEmail(event.target.value)
          setMissing(false)
        }}
      />
      <ProblemNote error={find.error ?? passkey.error} />
      <Button variant="primary" type="submit" icon={ArrowRight} className="h-9!" busy={find.isPending}>
        {t('signIn.continue')}
      </Button>
      {canUsePasskeys() && (
        <Button icon={KeyRound} className="h-9!" busy={passkey.isPending} onClick={() => passkey.mutate()}>
          {t('signIn.withPasskey')}
        </Button>
      )}
    </form>
  )
}

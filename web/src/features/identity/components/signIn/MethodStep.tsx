import { useMutation } from '@tanstack/react-query'
import { Building2, KeyRound } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { usePasskeySignIn } from '@/features/identity/hooks/usePasskeySignIn'
import { canUsePasskeys } from '@/features/identity/passkeys'
import { type Outcome, outcomeOf, type SignInMethods } from '@/features/identity/signInState'
import { signIn } from '@/services/session'

type Props = {
  email: string
  methods: SignInMethods
  next: string
  onBack: () => void
  onOutcome: (outcome: Outcome) => void
}

/** The ways that this address may sign in: its company's provider, a password, a passkey. */
export function MethodStep({ email, methods, next, onBack, onOutcome }: Props) {
  const { t } = useTranslation()
  const passkey = usePasskeySignIn(onOutcome)
  const withPasskey = methods.passkey && canUsePasskeys()
  const hasConnections = methods.connections.length > 0
  return (
    <div className="flex flex-col gap-4">
      <p className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{email}</span>
        <Button variant="quiet" onClick={onBack}>
          {t('signIn.otherEmail')}
        </Button>
      </p>
      {methods.connections.map(({ id, name, start_url }) => (
        <Button
          key={id}
          icon={Building2}
          variant={methods.password ? 'plain' : 'primary'}
          className="h-9!"
          onClick={() => window.location.assign(startAddress(start_url, next))}
        >
          {t('signIn.withProvider', { name })}
        </Button>
      ))}
      {methods.password && (
        <>
          {hasConnections && <Or />}
          <PasswordFields email={email} isOnlyWay={!hasConnections} onOutcome={onOutcome} />
        </>
      )}
      {withPasskey && (
        <>
          {methods.password && <Or />}
          <Button icon={KeyRound} className="h-9!" busy={passkey.isPending} onClick={() => passkey.mutate()}>
            {t('signIn.withPasskey')}
          </Button>
          <ProblemNote error={passkey.error} />
        </>
      )}
    </div>
  )
}

/** The provider's start on our own server, told where to come back to. */
function startAddress(startUrl: string, next: string): string {
  const address = new URL(startUrl, window.location.origin)
  address.searchParams.set('return_to', next)
  return address.toString()
}

function Or() {
  const { t } = useTranslation()
  return (
    <p className="flex items-center gap-3 text-11 text-muted before:h-px before:flex-1 before:bg-border after:h-px after:flex-1 after:bg-border">
      {t('signIn.or')}
    </p>
  )
}

type PasswordProps = { email: string; isOnlyWay: boolean; onOutcome: (outcome: Outcome) => void }

function PasswordFields({ email, isOnlyWay, onOutcome }: PasswordProps) {
  const { t } = useTranslation()
  const field = useRef<HTMLInputElement>(null)
  const [password, setPassword] = useState('')
  const [missing, setMissing] = useState(false)
  const attempt = useMutation({
    meta: { quiet: true },
    mutationFn: () => outcomeOf(signIn('/auth/login', { email, password })),
    onSuccess: onOutcome,
    onError: () => field.current?.focus(),
  })
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setMissing(!password)
        if (password) attempt.mutate()
      }}
    >
      {/* For password managers, which pair a name with a password. */}
      <input type="hidden" name="email" autoComplete="username" value={email} />
      <Field
        ref={field}
        label={t('signIn.password')}
        type="password"
        name="password"
        autoComplete="current-password"
        autoFocus={isOnlyWay}
        value={password}
        error={missing ? t('signIn.error.password') : undefined}
        onChange={(event) => {
          setPassword(event.target.value)
          setMissing(false)
        }}
      />
      <ProblemNote error={attempt.error} />
      <Button variant="primary" type="submit" className="h-9!" busy={attempt.isPending}>
        {t('signIn.submit')}
      </Button>
      <Link className="link self-center" to="/forgot-password" state={{ email }}>
        {t('signIn.forgot')}
      </Link>
    </form>
  )
}

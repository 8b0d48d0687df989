import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Facts } from '@/components/Common/SidePanel'
import { Skeleton } from '@/components/Common/Skeleton'
import { ErrorState } from '@/components/Common/States'
import { invitationQuery, useJoinOrganization } from '@/features/identity/api/invitations'
import { signIn, useSession } from '@/services/session'
import { isLongEnough, NewPasswordField } from '../NewPasswordField'
import { UnusableLink } from './ResetPassword'

/** Shows who invites and as what, then makes the account or adds the organization to the one there is. */
export function AcceptInvitation({ token }: { token: string | null }) {
  const { t } = useTranslation()
  const query = useQuery({ ...invitationQuery(token ?? ''), enabled: token !== null })
  const me = useSession((session) => session.me)
  if (!token) return <UnusableLink text={t('invitation.noToken')} />
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) {
    return (
      <div role="status" aria-busy="true" className="flex flex-col gap-3">
        <span className="sr-only">{t('state.loading')}</span>
        <Skeleton className="h-4 w-2/3" />
        <Skeleton className="h-4 w-1/2" />
      </div>
    )
  }
  const { organization, email, role, needs_account } = query.data
  const isOther = me !== null && me.email.toLowerCase() !== email.toLowerCase()
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          [t('profile.organization'), organization],
          [t('signIn.email'), email],
          [t('profile.role'), t(`role.${role}` as 'role.owner', { defaultValue: role })],
        ]}
      />
      {needs_account ? (
        <NewAccount token={token} />
      ) : me === null ? (
        <>
          <p>{t('invitation.signInFirst', { email })}</p>
          <Link className="link" to="/sign-in?next=/invitation">
            {t('signIn.submit')}
          </Link>
        </>
      ) : isOther ? (
        <p role="alert">{t('invitation.otherPerson', { email, mine: me.email })}</p>
      ) : (
        <Join token={token} organization={organization} />
      )}
    </div>
  )
}

function NewAccount({ token }: { token: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const accept = useMutation({
    meta: { quiet: true },
    mutationFn: () => signIn('/auth/invitations/accept', { token, name: name.trim(), password }),
    onSuccess: () => void navigate('/', { replace: true }),
  })
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (name.trim() && isLongEnough(password)) accept.mutate()
      }}
    >
      <Field
        autoFocus
        label={t('profile.yourName')}
        autoComplete="name"
        maxLength={200}
        value={name}
        error={tried && !name.trim() ? t('profile.nameMissing') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <NewPasswordField
        value={password}
        error={tried && !isLongEnough(password) ? t('password.error.next') : undefined}
        onChange={(event) => setPassword(event.target.value)}
      />
      <ProblemNote error={accept.error} />
      <Button variant="primary" type="submit" className="h-9!" busy={accept.isPending}>
        {t('invitation.create')}
      </Button>
    </form>
  )
}

function Join({ token, organization }: { token: string; organization: string }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const join = useJoinOrganization()
  return (
    <>
      <ProblemNote error={join.error} />
      <Button
        variant="primary"
        className="h-9!"
        busy={join.isPending}
        onClick={() => join.mutate(token, { onSuccess: () => void navigate('/', { replace: true }) })}
      >
        {t('invitation.join', { organization })}
      </Button>
    </>
  )
}

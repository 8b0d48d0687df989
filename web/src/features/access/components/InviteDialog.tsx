import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { toast } from '@/services/toasts'
import { countUse } from '@/services/usage'
import { useInvite } from '../api/invitations'
import { draftOf, roleChoice, type ScopeError, scopeOf } from '../rules'
import { RoleField } from './RoleField'
import { type ScopeAccount, ScopeField } from './ScopeField'

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

/** Asks somebody in by mail, as what and for which part of the organization. */
export function InviteDialog({ accounts, onClose }: { accounts: ScopeAccount[]; onClose: () => void }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [left, setLeft] = useState(false)
  const [role, setRole] = useState('viewer')
  const [scope, setScope] = useState(draftOf(null))
  const [scopeError, setScopeError] = useState<ScopeError>()
  const invite = useInvite()
  const address = email.trim()
  const submit = () => {
    setLeft(true)
    const read = scopeOf(scope)
    setScopeError('error' in read ? read.error : undefined)
    if (!EMAIL.test(address) || 'error' in read) return
    invite.mutate(
      { email: address, ...roleChoice(role), scope: read.scope },
      {
        onSuccess: () => {
          countUse('feature', 'members.invite')
          toast({ kind: 'ok', text: t('invitations.sent', { email: address }) })
          onClose()
        },
      },
    )
  }
  return (
    <FormDialog
      title={t('invitations.invite')}
      description={t('invitations.inviteText')}
      submitLabel={t('invitations.send')}
      busy={invite.isPending}
      error={invite.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        autoFocus
        type="email"
        autoComplete="off"
        label={t('signIn.email')}
        value={email}
        error={left && !EMAIL.test(address) ? t('invitations.emailError') : undefined}
        onBlur={() => email && setLeft(true)}
        onChange={(event) => setEmail(event.target.value)}
      />
      <RoleField value={role} onChange={setRole} />
      <ScopeField draft={scope} accounts={accounts} error={scopeError} onChange={setScope} />
    </FormDialog>
  )
}

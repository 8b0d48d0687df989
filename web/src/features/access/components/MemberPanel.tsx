import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { ConfirmDialog, FormDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useCan } from '@/services/permissions'
import { useSession } from '@/services/session'
import { toast } from '@/services/toasts'
import type { Member } from '@/types/api'
import {
  memberQuery,
  memberSessionsQuery,
  useEndMemberSessions,
  useRemoveMember,
  useUpdateMember,
} from '../api/members'
import { useRoleName } from '../hooks/useRoleName'
import { draftOf, roleChoice, roleKeyOf, type ScopeError, scopeOf } from '../rules'
import { MemberState } from './MemberTable'
import { RoleField } from './RoleField'
import { type ScopeAccount, ScopeField } from './ScopeField'
import { ScopeText } from './ScopeText'

type Props = { id: string; accounts: ScopeAccount[]; onClose: () => void }

/** One member: role, scope, where they are signed in, and the ways to end that. */
export function MemberPanel({ id, accounts, onClose }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...memberQuery(id), enabled: useCan('members:read') })
  const member = query.data
  const mayChange = useCan('members:write')
  return (
    <SidePanel
      title={member ? member.name || member.email : t('members.one')}
      kicker={member && <MemberState member={member} />}
      actions={member && mayChange && <MemberActions member={member} accounts={accounts} onRemoved={onClose} />}
      onClose={onClose}
    >
      <QueryState query={query} permission="members:read" skeleton={<SkeletonRows rows={5} />}>
        {(detail) => (
          <>
            <Section title={t('members.about')}>
              <MemberFacts member={detail} accounts={accounts} />
            </Section>
            {mayChange && <MemberSessions id={id} />}
          </>
        )}
      </QueryState>
    </SidePanel>
  )
}

function MemberFacts({ member, accounts }: { member: Member; accounts: ScopeAccount[] }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const facts: [string, ReactNode][] = [
    [t('signIn.email'), member.email],
    [t('profile.role'), roleName(member)],
    [t('scope.label'), <ScopeText key="scope" scope={member.scope} accounts={accounts} />],
    [t('members.joined'), <Time key="joined" at={member.created_at} />],
    [t('members.lastSeen'), <Time key="seen" at={member.last_seen_at} />],
  ]
  return <Facts facts={facts} />
}

type ActionProps = { member: Member; accounts: ScopeAccount[]; onRemoved: () => void }

function MemberActions({ member, accounts, onRemoved }: ActionProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<'edit' | 'disable' | 'remove' | null>(null)
  const isSelf = useSession((session) => session.me?.id === member.id)
  const update = useUpdateMember()
  const remove = useRemoveMember()
  const close = () => setOpen(null)
  const name = member.name || member.email
  if (isSelf) return <p className="text-muted">{t('members.self')}</p>
  return (
    <>
      <Button variant="primary" onClick={() => setOpen('edit')}>
        {t('members.edit')}
      </Button>
      {member.disabled_at ? (
        <Button busy={update.isPending} onClick={() => update.mutate({ id: member.id, body: { disabled: false } })}>
          {t('members.enable')}
        </Button>
      ) : (
        <Button onClick={() => setOpen('disable')}>{t('members.disable')}</Button>
      )}
      <Button variant="danger" onClick={() => setOpen('remove')}>
        {t('action.remove')}
      </Button>
      {open === 'edit' && <EditMember member={member} accounts={accounts} onClose={close} />}
      {open === 'disable' && (
        <ConfirmDialog
          title={t('members.disableTitle', { name })}
          text={t('members.disableText')}
          confirmLabel={t('members.disable')}
          mutation={update}
          onConfirm={() => update.mutate({ id: member.id, body: { disabled: true } }, { onSuccess: close })}
          onClose={close}
        />
      )}
      {open === 'remove' && (
        <ConfirmDialog
          title={t('members.removeTitle', { name })}
          text={t('members.removeText')}
          typeName={member.email}
          confirmLabel={t('members.removeFor', { name })}
          mutation={remove}
          onConfirm={() => remove.mutate(member.id, { onSuccess: onRemoved })}
          onClose={close}
        />
      )}
    </>
  )
}

function EditMember({ member, accounts, onClose }: { member: Member; accounts: ScopeAccount[]; onClose: () => void }) {
  const { t } = useTranslation()
  const [role, setRole] = useState(roleKeyOf(member))
  const [scope, setScope] = useState(draftOf(member.scope))
  const [error, setError] = useState<ScopeError>()
  const update = useUpdateMember()
  const submit = () => {
    const read = scopeOf(scope)
    setError('error' in read ? read.error : undefined)
    if ('error' in read) return
    const change = role === roleKeyOf(member) ? {} : roleChoice(role)
    update.mutate({ id: member.id, body: { ...change, scope: read.scope } }, { onSuccess: onClose })
  }
  return (
    <FormDialog
      title={t('members.editTitle', { name: member.name || member.email })}
      submitLabel={t('action.save')}
      busy={update.isPending}
      error={update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <RoleField value={role} onChange={setRole} />
      <ScopeField draft={scope} accounts={accounts} error={error} onChange={setScope} />
    </FormDialog>
  )
}

function MemberSessions({ id }: { id: string }) {
  const { t } = useTranslation()
  const query = useQuery(memberSessionsQuery(id))
  const end = useEndMemberSessions()
  const done = (count: number) => toast({ kind: 'ok', text: t('members.sessionsEnded', { count }) })
  return (
    <Section
      title={t('members.sessions')}
      aside={
        (query.data?.items.length ?? 0) > 0 && (
          <Button
            variant="danger"
            busy={end.isPending}
            onClick={() => end.mutate(id, { onSuccess: ({ ended }) => done(ended) })}
          >
            {t('members.endSessions')}
          </Button>
        )
      }
    >
      <QueryState
        compact
        query={query}
        permission="members:write"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('members.noSessions'), quiet: true }}
      >
        {({ items }) => (
          <ul className="divide-y divide-border">
            {items.map((session) => (
              <li key={session.id} className="py-1.5">
                <span className="block font-medium">{session.device}</span>
                <span className="text-muted">
                  {session.client_address} · {t('session.seen')} <Time at={session.last_seen_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Section>
  )
}

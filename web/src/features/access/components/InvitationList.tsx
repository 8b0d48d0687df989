import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useNow } from '@/hooks/useNow'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import type { Invitation } from '@/types/api'
import { invitationsQuery, useResendInvitation, useRevokeInvitation } from '../api/invitations'
import { useRoleName } from '../hooks/useRoleName'

/** Invitations that wait for an answer. */
export function InvitationList() {
  const { t } = useTranslation()
  const query = useQuery({ ...invitationsQuery(), enabled: useCan('members:read') })
  return (
    <Card title={t('invitations.title')} flush>
      <QueryState
        query={query}
        permission="members:read"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('invitations.empty'), quiet: true }}
      >
        {({ items }) => (
          <ul className="divide-y divide-border pb-1">
            {items.map((invitation) => (
              <InvitationRow key={invitation.id} invitation={invitation} />
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const { t } = useTranslation()
  const now = useNow()
  const roleName = useRoleName()
  const mayChange = useCan('members:write')
  const [revoking, setRevoking] = useState(false)
  const resend = useResendInvitation()
  const revoke = useRevokeInvitation()
  const { id, email, invited_by_name, sent_at, expires_at } = invitation
  const isOver = Date.parse(expires_at) <= now
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 px-3 py-1.5">
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{email}</span>
        <span className="text-muted">
          {roleName(invitation)} · {t('invitations.by', { name: invited_by_name ?? '–' })} · <Time at={sent_at} />
        </span>
      </span>
      <Badge tone={isOver ? 'warning' : 'busy'}>{t(isOver ? 'invitations.expired' : 'invitations.waiting')}</Badge>
      {mayChange && (
        <span className="flex gap-1">
          <Button
            aria-label={t('invitations.resendTo', { email })}
            busy={resend.isPending}
            onClick={() =>
              resend.mutate(id, { onSuccess: () => toast({ kind: 'ok', text: t('invitations.sent', { email }) }) })
            }
          >
            {t('invitations.resend')}
          </Button>
          <Button variant="danger" aria-label={t('invitations.revokeFor', { email })} onClick={() => setRevoking(true)}>
            {t('invitations.revoke')}
          </Button>
        </span>
      )}
      {revoking && (
        <ConfirmDialog
          title={t('invitations.revokeFor', { email })}
          text={t('invitations.revokeText')}
          confirmLabel={t('invitations.revoke')}
          mutation={revoke}
          onConfirm={() => revoke.mutate(id, { onSuccess: () => setRevoking(false) })}
          onClose={() => setRevoking(false)}
        />
      )}
    </li>
  )
}

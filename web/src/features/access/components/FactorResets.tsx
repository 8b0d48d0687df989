import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { formatInstant } from '@/services/format'
import { useCan } from '@/services/permissions'
import { factorResetsQuery, useApproveFactorReset, useRefuseFactorReset } from '../api/factorResets'

/** Members who lost their second factor and wait for somebody who knows them. */
export function FactorResets() {
  const { t } = useTranslation()
  const query = useQuery({ ...factorResetsQuery(), enabled: useCan('members:write') })
  const [approving, setApproving] = useState<{ id: string; name: string } | null>(null)
  const approve = useApproveFactorReset()
  const refuse = useRefuseFactorReset()
  return (
    <Card title={t('factorReset.title')} flush>
      <QueryState
        query={query}
        permission="members:write"
        skeleton={<SkeletonRows rows={1} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('factorReset.empty'), quiet: true }}
      >
        {({ items }) => (
          <ul className="divide-y divide-border pb-1">
            {items.map((reset) => (
              <li key={reset.id} className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 px-3 py-1.5">
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{reset.name || reset.email}</span>
                  <span className="text-muted">
                    {reset.email} · {reset.client_address} · {t('factorReset.asked')} <Time at={reset.requested_at} /> ·{' '}
                    {t('factorReset.approvals', { approvals: reset.approvals, needed: reset.needed })}
                    {reset.due_at && ` · ${t('factorReset.due', { at: formatInstant(reset.due_at) })}`}
                  </span>
                </span>
                <Button
                  variant="primary"
                  disabled={reset.approved_by_me || reset.due_at !== null}
                  aria-label={t('factorReset.approveFor', { name: reset.name || reset.email })}
                  onClick={() => setApproving({ id: reset.id, name: reset.name || reset.email })}
                >
                  {t('factorReset.approve')}
                </Button>
                <Button
                  aria-label={t('factorReset.refuseFor', { name: reset.name || reset.email })}
                  busy={refuse.isPending && refuse.variables === reset.id}
                  onClick={() => refuse.mutate(reset.id)}
                >
                  {t('factorReset.refuse')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
      {approving && (
        <ConfirmDialog
          title={t('factorReset.approveFor', { name: approving.name })}
          text={t('factorReset.approveText')}
          confirmLabel={t('factorReset.approve')}
          mutation={approve}
          onConfirm={() => approve.mutate(approving.id, { onSuccess: () => setApproving(null) })}
          onClose={() => setApproving(null)}
        />
      )}
    </Card>
  )
}

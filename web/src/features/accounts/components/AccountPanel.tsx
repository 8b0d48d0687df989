import { useQuery } from '@tanstack/react-query'
import { PlugZap, RefreshCw, Trash2 } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import type { Account } from '@/types/api'
import { accountQuery, useSyncAccount, useTestAccount } from '../api'
import { ACCOUNT_TONES } from '../rules'
import { ReportDialog } from './ConnectionReport'
import { RemoveAccount } from './RemoveAccount'
import { SyncUnits } from './SyncUnits'

type Props = { id: string; onClose: () => void; renderJob: (jobId: string) => ReactNode }

/** One account: its connection, the sync that runs or ran last, and its units. */
export function AccountPanel({ id, onClose, renderJob }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...accountQuery(id), enabled: useCan('accounts:read') })
  const account = query.data
  return (
    <SidePanel
      title={account?.name ?? t('account.one')}
      kicker={account && <Provider provider={account.provider} />}
      actions={account && <AccountActions account={account} onRemoved={onClose} />}
      onClose={onClose}
    >
      <QueryState
        query={query}
        permission="accounts:read"
        skeleton={<SkeletonRows rows={6} />}
        partial={({ status_detail }) => status_detail}
      >
        {(detail) => <AccountContent account={detail} renderJob={renderJob} />}
      </QueryState>
    </SidePanel>
  )
}

function AccountActions({ account, onRemoved }: { account: Account; onRemoved: () => void }) {
  const { t } = useTranslation()
  const sync = useSyncAccount()
  const [removing, setRemoving] = useState(false)
  const maySync = useCan('accounts:sync')
  const mayWrite = useCan('accounts:write')
  return (
    <>
      {maySync && (
        <Button variant="primary" icon={RefreshCw} busy={sync.isPending} onClick={() => sync.mutate(account.id)}>
          {t('account.sync')}
        </Button>
      )}
      {mayWrite && (
        <Button variant="danger" icon={Trash2} onClick={() => setRemoving(true)}>
          {t('account.remove')}
        </Button>
      )}
      {removing && <RemoveAccount account={account} onClose={() => setRemoving(false)} onRemoved={onRemoved} />}
    </>
  )
}

function AccountContent({ account, renderJob }: { account: Account; renderJob: (jobId: string) => ReactNode }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <>
      <Section title={t('account.connection')} aside={<TestButton account={account} />}>
        <Facts
          facts={[
            [
              t('alert.status'),
              <Badge key="status" tone={ACCOUNT_TONES[account.status]}>
                {t(`accountStatus.${account.status}`)}
              </Badge>,
            ],
            [
              t('account.number'),
              account.native_account_id ? <NativeId key="id" id={account.native_account_id} /> : '–',
            ],
            [
              t('account.credentials'),
              <span key="credentials">
                {t(`credentials.${account.credentials.kind}` as 'credentials.ambient', {
                  defaultValue: account.credentials.kind,
                })}
                {account.credentials.hint && (
                  <span className="ml-2 font-mono text-11 break-all text-muted">{account.credentials.hint}</span>
                )}
              </span>,
            ],
            [t('account.regions'), account.regions.length > 0 ? account.regions.join(', ') : t('account.allRegions')],
            ...(account.endpoint_url ? [[t('account.endpoint'), account.endpoint_url] as [string, string]] : []),
            [t('account.lastSynced'), <Time key="synced" at={account.last_synced_at} />],
          ]}
        />
        <p className="mt-2">
          <Link className="link" to={scopedLink('/resources', { account: account.id })}>
            {t('account.showResources')}
          </Link>
        </p>
      </Section>
      {account.last_job_id && <Section title={t('account.lastSync')}>{renderJob(account.last_job_id)}</Section>}
      <SyncUnits accountId={account.id} />
    </>
  )
}

function TestButton({ account }: { account: Account }) {
  const { t } = useTranslation()
  const test = useTestAccount()
  const [open, setOpen] = useState(false)
  const mayWrite = useCan('accounts:write')
  if (!mayWrite) return null
  return (
    <>
      <Button
        variant="quiet"
        icon={PlugZap}
        busy={test.isPending}
        onClick={() => test.mutate(account.id, { onSuccess: () => setOpen(true) })}
      >
        {t('connect.test')}
      </Button>
      {open && test.data && <ReportDialog report={test.data} onClose={() => setOpen(false)} />}
    </>
  )
}

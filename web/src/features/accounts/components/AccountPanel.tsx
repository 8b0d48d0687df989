import { useQuery } from '@tanstack/react-query'
import { Pencil, PlugZap, RefreshCw, Trash2 } from 'lucide-react'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
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
import { Strip } from '@/components/Common/States'
import { Tabs } from '@/components/Common/Tabs'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import type { Account } from '@/types/api'
import { accountQuery, useAccountNames, useSyncAccount, useTestAccount } from '../api'
import { ACCOUNT_TONES, scopeText } from '../rules'
import { AccountCoverage } from './AccountCoverage'
import { ReportDialog } from './ConnectionReport'
import { EditAccount } from './EditAccount'
import { EventSetUp } from './EventSetUp'
import { RemoveAccount } from './RemoveAccount'
import { ScheduleForm } from './ScheduleForm'
import { SyncUnits } from './SyncUnits'

const TABS = ['connection', 'coverage', 'units', 'schedule', 'events'] as const

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
      actions={account && <AccountActions key={account.id} account={account} onRemoved={onClose} />}
      onClose={onClose}
    >
      <QueryState
        query={query}
        permission="accounts:read"
        skeleton={<SkeletonRows rows={6} />}
        partial={({ status_detail }) => status_detail}
      >
        {/* What was typed or answered for one account is not another's. */}
        {(detail) => <AccountContent key={detail.id} account={detail} renderJob={renderJob} />}
      </QueryState>
    </SidePanel>
  )
}

function AccountActions({ account, onRemoved }: { account: Account; onRemoved: () => void }) {
  const { t } = useTranslation()
  const sync = useSyncAccount()
  const [editing, setEditing] = useState(false)
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
        <Button icon={Pencil} onClick={() => setEditing(true)}>
          {t('action.edit')}
        </Button>
      )}
      {mayWrite && (
        <Button variant="danger" icon={Trash2} onClick={() => setRemoving(true)}>
          {t('account.remove')}
        </Button>
      )}
      {editing && <EditAccount account={account} onClose={() => setEditing(false)} />}
      {removing && <RemoveAccount account={account} onClose={() => setRemoving(false)} onRemoved={onRemoved} />}
    </>
  )
}

/** A found account whose connection reads it has no schedule and no events of its own. */
const isReadByConnection = ({ parent_id, provider }: Account): boolean => parent_id !== null && provider !== 'aws'

function AccountContent({ account, renderJob }: { account: Account; renderJob: (jobId: string) => ReactNode }) {
  const { t } = useTranslation()
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('connection'))
  const contents = {
    connection: <Connection account={account} renderJob={renderJob} />,
    coverage: <AccountCoverage accountId={account.id} />,
    units: <SyncUnits accountId={account.id} />,
    schedule: <ScheduleForm accountId={account.id} />,
    events: <EventSetUp account={account} />,
  }
  const shown = isReadByConnection(account) ? TABS.slice(0, 3) : TABS
  // The tab of the account before may be none of this one's.
  const present = shown.includes(tab) ? tab : 'connection'
  return (
    <Tabs
      label={account.name}
      value={present}
      onChange={(id) => void setTab(TABS.find((known) => known === id) ?? null)}
      tabs={shown.map((id) => ({ id, label: t(`accountTab.${id}`), content: id === present ? contents[id] : null }))}
    />
  )
}

function Connection({ account, renderJob }: { account: Account; renderJob: (jobId: string) => ReactNode }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const isFound = account.parent_id !== null
  return (
    <>
      <Section title={t('account.connection')} aside={!isFound && <TestButton account={account} />}>
        {account.inactive_reason && <Strip>{t(`accountInactiveText.${account.inactive_reason}`)}</Strip>}
        <Facts facts={useConnectionFacts(account)} />
        <p className="mt-2">
          <Link className="link" to={scopedLink('/resources', { account: account.id })}>
            {t('account.showResources')}
          </Link>
        </p>
      </Section>
      {account.accounts_elsewhere.length > 0 && (
        <Section title={t('account.elsewhere')}>
          <p className="mb-1 text-muted">{t('account.elsewhereText')}</p>
          <ul>
            {account.accounts_elsewhere.map((other) => (
              <li key={other.native_account}>
                <Link className="link" to={scopedLink('/accounts', { id: other.connection_id })}>
                  {other.name}
                </Link>{' '}
                <span className="font-mono text-11 text-muted">{other.native_account}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {account.last_job_id && <Section title={t('account.lastSync')}>{renderJob(account.last_job_id)}</Section>}
    </>
  )
}

function useConnectionFacts(account: Account): [string, ReactNode][] {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { byId } = useAccountNames()
  const { credentials, native_account_id: number, parent_id: parent } = account
  const optional = (name: string, value: ReactNode): [string, ReactNode][] => (value ? [[name, value]] : [])
  return [
    [
      t('alert.status'),
      <Badge key="status" tone={ACCOUNT_TONES[account.status]}>
        {t(`accountStatus.${account.status}`)}
      </Badge>,
    ],
    [t('account.number'), number ? <NativeId key="id" id={number} /> : '–'],
    ...optional(
      t('account.foundBy'),
      parent && (
        <Link key="parent" className="link" to={scopedLink('/accounts', { id: parent })}>
          {byId(parent)}
        </Link>
      ),
    ),
    ...optional(t('account.path'), account.path.join(' / ')),
    [
      t('account.credentials'),
      <span key="credentials">
        {parent
          ? t('account.ofConnection')
          : t(`credentials.${credentials.kind}` as 'credentials.ambient', { defaultValue: credentials.kind })}
        {credentials.hint && <span className="ml-2 font-mono text-11 break-all text-muted">{credentials.hint}</span>}
      </span>,
    ],
    ...optional(t('account.scope'), parent === null && scopeText(account.scope)),
    [t('account.regions'), account.regions.length > 0 ? account.regions.join(', ') : t('account.allRegions')],
    ...optional(t('account.excludedRegions'), account.excluded_regions.join(', ')),
    ...optional(t('account.endpoint'), account.endpoint_url),
    [t('account.lastSynced'), <Time key="synced" at={account.last_synced_at} />],
    ...optional(t('account.lastDiscovered'), account.discovered_at && <Time at={account.discovered_at} />),
  ]
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

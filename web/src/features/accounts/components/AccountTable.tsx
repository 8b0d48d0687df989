import { useQuery } from '@tanstack/react-query'
import { ChevronRight, Folder } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { classes } from '@/components/Common/classes'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useSelection } from '@/hooks/useSelection'
import { useShortcuts } from '@/hooks/useShortcuts'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Account } from '@/types/api'
import { accountsQuery } from '../api'
import { ACCOUNT_TONES, type TreeRow, treeOf } from '../rules'

type Props = { openId: string | null; onOpen: (id: string) => void; firstUse: FirstUse }

/** Connected clouds, each with the accounts that it found below it. */
export function AccountTable({ openId, onOpen, firstUse }: Props) {
  const query = useQuery({ ...accountsQuery(), enabled: useCan('accounts:read') })
  return (
    <QueryState
      query={query}
      permission="accounts:read"
      skeleton={<SkeletonRows rows={4} />}
      isEmpty={({ items }) => items.length === 0}
      firstUse={firstUse}
    >
      {({ items }) => <AccountTree accounts={items} openId={openId} onOpen={onOpen} />}
    </QueryState>
  )
}

function AccountTree({ accounts, openId, onOpen }: Omit<Props, 'firstUse'> & { accounts: Account[] }) {
  const { t } = useTranslation()
  const { selected: toggled, toggle } = useSelection()
  const [cursor, setCursor] = useState<string | null>(null)
  const rows = useMemo(() => treeOf(accounts, toggled), [accounts, toggled])
  const columns = useColumns(toggle)
  const fold = (want: boolean) => {
    const row = rows.find(({ id }) => id === cursor)
    if (row && row.isOpen === !want) toggle(row.id)
  }
  const group = t('shortcut.group.lists')
  useShortcuts([
    { keys: 'ArrowRight', run: () => fold(true), label: t('account.unfold'), group },
    { keys: 'ArrowLeft', run: () => fold(false), label: t('account.fold'), group },
  ])
  return (
    <VirtualTable
      label={t('page.accounts')}
      rows={rows}
      columns={columns}
      total={rows.length}
      rowId={(row) => row.id}
      rowName={(row) => row.name}
      narrowRow={(row) => <NarrowRow row={row} onToggle={toggle} />}
      tree={(row) => ({ level: row.level, isOpen: row.isOpen })}
      openId={openId}
      onOpen={(id) => (rows.some((row) => row.id === id && row.account === null) ? toggle(id) : onOpen(id))}
      onCursor={setCursor}
    />
  )
}

/** The name at its depth, with what folds it. The arrow is for the mouse: the keyboard has left and right. */
function NameCell({ row, onToggle }: { row: TreeRow; onToggle: (id: string) => void }) {
  const { t } = useTranslation()
  return (
    <span className="flex min-w-0 items-center gap-1" style={{ paddingLeft: (row.level - 1) * 18 }}>
      {row.isOpen === null ? (
        <span className="w-5 shrink-0" />
      ) : (
        <button
          type="button"
          tabIndex={-1}
          aria-hidden
          className="flex size-5 shrink-0 items-center justify-center rounded-control text-muted hover:bg-surface-2 max-md:size-8"
          onClick={(event) => {
            event.stopPropagation()
            onToggle(row.id)
          }}
        >
          <ChevronRight size={14} aria-hidden className={classes(row.isOpen && 'rotate-90')} />
        </button>
      )}
      {row.account === null && <Folder size={14} aria-hidden className="shrink-0 text-muted" />}
      <span className={classes('truncate', row.level === 1 && 'font-medium')}>{row.name}</span>
      {row.below > 0 && (
        <span className="shrink-0 text-11 text-muted tabular-nums">
          {t('account.found', { count: row.below, shown: formatNumber(row.below) })}
        </span>
      )}
    </span>
  )
}

function Status({ account }: { account: Account }) {
  const { t } = useTranslation()
  if (account.inactive_reason) {
    return <Badge tone="neutral">{t(`accountInactive.${account.inactive_reason}`)}</Badge>
  }
  return <Badge tone={ACCOUNT_TONES[account.status]}>{t(`accountStatus.${account.status}`)}</Badge>
}

function useColumns(onToggle: (id: string) => void): Column<TreeRow>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('account.name'),
        track: 'minmax(220px, 2.4fr)',
        cell: (row) => <NameCell row={row} onToggle={onToggle} />,
      },
      {
        id: 'provider',
        drop: 4,
        header: t('resource.provider'),
        track: '124px',
        cell: ({ account }) => account && <Provider provider={account.provider} />,
      },
      {
        id: 'native',
        drop: 2,
        header: t('account.number'),
        track: 'minmax(130px, 1.2fr)',
        cell: ({ account }) =>
          account && (
            <span className="font-mono text-11" title={account.native_account_id ?? undefined}>
              {account.native_account_id ?? '–'}
            </span>
          ),
      },
      {
        id: 'status',
        header: t('alert.status'),
        track: 'minmax(130px, 1.6fr)',
        cell: ({ account }) =>
          account && (
            <span title={account.status_detail ?? undefined}>
              <Status account={account} />
              {account.status_detail && <span className="ml-2 text-muted">{account.status_detail}</span>}
            </span>
          ),
      },
      {
        id: 'resources',
        drop: 3,
        header: t('page.resources'),
        track: '100px',
        align: 'end',
        cell: ({ resources }) => formatNumber(resources),
      },
      {
        id: 'synced',
        header: t('account.lastSynced'),
        track: '120px',
        align: 'end',
        cell: ({ account }) => account && <Time at={account.last_synced_at} className="text-muted" />,
      },
    ],
    [t, onToggle],
  )
}

function NarrowRow({ row, onToggle }: { row: TreeRow; onToggle: (id: string) => void }) {
  const { account } = row
  return (
    <div className="flex flex-col gap-0.5">
      <div className="flex items-center justify-between gap-3">
        <NameCell row={row} onToggle={onToggle} />
        {account && <Status account={account} />}
      </div>
      {account && (
        <div
          className="flex items-center justify-between gap-3 text-13 text-muted"
          style={{ paddingLeft: (row.level - 1) * 18 + 24 }}
        >
          <Provider provider={account.provider} />
          <Time at={account.last_synced_at} />
        </div>
      )}
    </div>
  )
}

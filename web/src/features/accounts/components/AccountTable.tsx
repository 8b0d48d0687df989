import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useCan } from '@/services/permissions'
import type { Account } from '@/types/api'
import { accountsQuery } from '../api'
import { ACCOUNT_TONES } from '../rules'

type Props = { openId: string | null; onOpen: (id: string) => void; firstUse: FirstUse }

/** Connected clouds and how each stands. */
export function AccountTable({ openId, onOpen, firstUse }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...accountsQuery(), enabled: useCan('accounts:read') })
  const columns = useColumns()
  return (
    <QueryState
      query={query}
      permission="accounts:read"
      skeleton={<SkeletonRows rows={4} />}
      isEmpty={({ items }) => items.length === 0}
      firstUse={firstUse}
    >
      {({ items }) => (
        <VirtualTable
          label={t('page.accounts')}
          rows={items}
          columns={columns}
          total={items.length}
          rowId={(row) => row.id}
          rowName={(row) => row.name}
          narrowRow={(row) => <NarrowRow account={row} />}
          openId={openId}
          onOpen={onOpen}
        />
      )}
    </QueryState>
  )
}

function useColumns(): Column<Account>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('account.name'),
        track: 'minmax(180px, 2fr)',
        cell: (row) => <span className="font-medium">{row.name}</span>,
      },
      {
        id: 'provider',
        drop: 4,
        header: t('resource.provider'),
        track: '110px',
        cell: (row) => <Provider provider={row.provider} />,
      },
      {
        id: 'native',
        drop: 2,
        header: t('account.number'),
        track: 'minmax(130px, 1fr)',
        cell: (row) => <span className="font-mono text-11">{row.native_account_id ?? '–'}</span>,
      },
      {
        id: 'status',
        header: t('alert.status'),
        track: 'minmax(130px, 1.6fr)',
        cell: (row) => (
          <span title={row.status_detail ?? undefined}>
            <Badge tone={ACCOUNT_TONES[row.status]}>{t(`accountStatus.${row.status}`)}</Badge>
            {row.status_detail && <span className="ml-2 text-muted">{row.status_detail}</span>}
          </span>
        ),
      },
      {
        id: 'credentials',
        drop: 3,
        header: t('account.credentials'),
        track: 'minmax(120px, 1fr)',
        cell: (row) =>
          t(`credentials.${row.credentials.kind}` as 'credentials.ambient', { defaultValue: row.credentials.kind }),
      },
      {
        id: 'synced',
        header: t('account.lastSynced'),
        track: '120px',
        align: 'end',
        cell: (row) => <Time at={row.last_synced_at} className="text-muted" />,
      },
    ],
    [t],
  )
}

function NarrowRow({ account }: { account: Account }) {
  const { t } = useTranslation()
  return (
    <div className="flex flex-col gap-0.5">
      <div className="flex items-center justify-between gap-3">
        <span className="truncate font-medium">{account.name}</span>
        <Badge tone={ACCOUNT_TONES[account.status]}>{t(`accountStatus.${account.status}`)}</Badge>
      </div>
      <div className="flex items-center justify-between gap-3 text-13 text-muted">
        <Provider provider={account.provider} />
        <Time at={account.last_synced_at} />
      </div>
    </div>
  )
}

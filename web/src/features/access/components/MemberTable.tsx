import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Member } from '@/types/api'
import { membersQuery } from '../api/members'
import { useRoleName } from '../hooks/useRoleName'
import type { ScopeAccount } from './ScopeField'
import { ScopeText } from './ScopeText'

type Props = { openId: string | null; onOpen: (id: string) => void; accounts: ScopeAccount[] }

/** Everybody in the organization, with their role and what it is narrowed to. */
export function MemberTable({ openId, onOpen, accounts }: Props) {
  const { t } = useTranslation()
  const query = useInfiniteQuery({ ...membersQuery(), enabled: useCan('members:read') })
  const { rows, total, loadMore } = useRows<Member>(query)
  const columns = useColumns(accounts)
  return (
    <QueryState
      query={query}
      permission="members:read"
      skeleton={<SkeletonRows rows={6} />}
      isEmpty={() => rows.length === 0}
      firstUse={{ title: t('members.emptyTitle'), text: t('members.emptyText') }}
    >
      {() => (
        <VirtualTable
          label={t('page.members')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.id}
          rowName={(row) => row.name || row.email}
          narrowRow={(row) => <NarrowRow member={row} />}
          openId={openId}
          onOpen={onOpen}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

export function MemberState({ member }: { member: Pick<Member, 'disabled_at'> }) {
  const { t } = useTranslation()
  return (
    <Badge tone={member.disabled_at ? 'warning' : 'ok'}>
      {t(member.disabled_at ? 'members.disabled' : 'members.active')}
    </Badge>
  )
}

function useColumns(accounts: ScopeAccount[]): Column<Member>[] {
  const { t } = useTranslation()
  const roleName = useRoleName()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('profile.name'),
        track: 'minmax(150px, 1.4fr)',
        cell: (row) => <span className="font-medium">{row.name || '–'}</span>,
      },
      { id: 'email', drop: 3, header: t('signIn.email'), track: 'minmax(180px, 2fr)', cell: (row) => row.email },
      { id: 'role', header: t('profile.role'), track: 'minmax(100px, 1fr)', cell: (row) => roleName(row) },
      {
        id: 'scope',
        drop: 4,
        header: t('scope.label'),
        track: 'minmax(140px, 1.4fr)',
        cell: (row) => <ScopeText scope={row.scope} accounts={accounts} />,
      },
      { id: 'state', drop: 2, header: t('members.state'), track: '100px', cell: (row) => <MemberState member={row} /> },
      {
        id: 'seen',
        drop: 1,
        header: t('members.lastSeen'),
        track: '120px',
        align: 'end',
        cell: (row) => <Time at={row.last_seen_at} className="text-muted" />,
      },
    ],
    [t, roleName, accounts],
  )
}

function NarrowRow({ member }: { member: Member }) {
  const roleName = useRoleName()
  return (
    <div className="flex flex-col gap-0.5">
      <div className="flex items-center justify-between gap-3">
        <span className="truncate font-medium">{member.name || member.email}</span>
        <MemberState member={member} />
      </div>
      <div className="flex items-center justify-between gap-3 text-13 text-muted">
        <span className="truncate">{member.email}</span>
        <span className="shrink-0">{roleName(member)}</span>
      </div>
    </div>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useCan } from '@/services/permissions'
import type { IdentityProvider } from '@/types/api'
import { providersQuery } from '../api'

type Props = { openId: string | null; onOpen: (id: string) => void; firstUse: FirstUse }

/** The company's own sign-in services that members may come through. */
export function ProviderList({ openId, onOpen, firstUse }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...providersQuery(), enabled: useCan('identity-providers:write') })
  const columns = useColumns()
  return (
    <QueryState
      query={query}
      permission="identity-providers:write"
      skeleton={<SkeletonRows rows={3} />}
      isEmpty={({ items }) => items.length === 0}
      firstUse={firstUse}
    >
      {({ items }) => (
        <VirtualTable
          label={t('page.identityProviders')}
          rows={items}
          columns={columns}
          total={items.length}
          rowId={(row) => row.id}
          rowName={(row) => row.name}
          narrowRow={(row) => (
            <div className="flex items-center justify-between gap-3">
              <span className="truncate font-medium">{row.name}</span>
              <ProviderState provider={row} />
            </div>
          )}
          openId={openId}
          onOpen={onOpen}
        />
      )}
    </QueryState>
  )
}

export function ProviderState({ provider }: { provider: Pick<IdentityProvider, 'enabled'> }) {
  const { t } = useTranslation()
  return <Badge tone={provider.enabled ? 'ok' : 'neutral'}>{t(provider.enabled ? 'sso.on' : 'sso.off')}</Badge>
}

function useColumns(): Column<IdentityProvider>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('apiKeys.name'),
        track: 'minmax(160px, 1.5fr)',
        cell: (row) => <span className="font-medium">{row.name}</span>,
      },
      { id: 'kind', header: t('sso.kind'), track: '100px', drop: 2, cell: (row) => t(`sso.kinds.${row.kind}`) },
      {
        id: 'domains',
        header: t('sso.domains'),
        track: 'minmax(140px, 1.5fr)',
        cell: (row) => row.domains.map(({ domain }) => domain).join(', ') || '–',
      },
      { id: 'state', header: t('members.state'), track: '100px', cell: (row) => <ProviderState provider={row} /> },
      {
        id: 'scim',
        drop: 3,
        header: t('sso.scim'),
        track: '110px',
        cell: (row) => t(row.scim.enabled ? 'sso.on' : 'sso.off'),
      },
      {
        id: 'updated',
        drop: 1,
        header: t('sso.updated'),
        track: '120px',
        align: 'end',
        cell: (row) => <Time at={row.updated_at} className="text-muted" />,
      },
    ],
    [t],
  )
}

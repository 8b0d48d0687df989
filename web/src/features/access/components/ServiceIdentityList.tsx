import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import type { ServiceIdentity } from '@/types/api'
import { serviceIdentitiesQuery, useRemoveServiceIdentity, useUpdateServiceIdentity } from '../api/apiKeys'
import { useRoleName } from '../hooks/useRoleName'
import type { ScopeAccount } from './ScopeField'
import { ScopeText } from './ScopeText'
import { ServiceIdentityDialog } from './ServiceIdentityDialog'

type Open = { kind: 'edit'; identity: ServiceIdentity | null } | { kind: 'remove'; identity: ServiceIdentity } | null

/** Machines that act by themselves: they stay when the person who made them leaves. */
export function ServiceIdentityList({ accounts }: { accounts: ScopeAccount[] }) {
  const { t } = useTranslation()
  const query = useQuery({ ...serviceIdentitiesQuery(), enabled: useCan('api-keys:write') })
  const [open, setOpen] = useState<Open>(null)
  const update = useUpdateServiceIdentity()
  const remove = useRemoveServiceIdentity()
  const roleName = useRoleName()
  const close = () => setOpen(null)
  const createButton = (
    <Button icon={Plus} onClick={() => setOpen({ kind: 'edit', identity: null })}>
      {t('machines.create')}
    </Button>
  )
  return (
    <Card flush title={t('machines.title')} aside={createButton}>
      <QueryState
        query={query}
        permission="api-keys:write"
        skeleton={<SkeletonRows rows={2} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('machines.emptyTitle'), text: t('machines.emptyText') }}
      >
        {({ items }) => (
          <RowTable
            label={t('machines.title')}
            rows={items}
            rowId={(row) => row.id}
            columns={[
              {
                id: 'name',
                header: t('apiKeys.name'),
                cell: (row) => (
                  <>
                    <span className="font-medium">{row.name}</span>
                    <span className="block text-muted">{row.description}</span>
                  </>
                ),
              },
              {
                id: 'role',
                header: t('machines.may'),
                cell: (row) =>
                  row.role ? roleName(row) : t('apiKeys.permissionCount', { count: row.permissions.length }),
              },
              {
                id: 'scope',
                header: t('scope.label'),
                wideOnly: true,
                cell: (row) => <ScopeText scope={row.scope} accounts={accounts} />,
              },
              { id: 'keys', header: t('machines.keys'), align: 'end', wideOnly: true, cell: (row) => row.keys },
              {
                id: 'state',
                header: t('members.state'),
                cell: (row) => (
                  <Badge tone={row.disabled_at ? 'warning' : 'ok'}>
                    {t(row.disabled_at ? 'members.disabled' : 'members.active')}
                  </Badge>
                ),
              },
            ]}
            actions={(row) => (
              <>
                <Button
                  aria-label={t('roles.editNamed', { name: row.name })}
                  onClick={() => setOpen({ kind: 'edit', identity: row })}
                >
                  {t('action.edit')}
                </Button>
                <Button
                  aria-label={t(row.disabled_at ? 'machines.enableNamed' : 'machines.disableNamed', { name: row.name })}
                  busy={update.isPending && update.variables?.id === row.id}
                  onClick={() => update.mutate({ id: row.id, body: { disabled: !row.disabled_at } })}
                >
                  {t(row.disabled_at ? 'members.enable' : 'members.disable')}
                </Button>
                <Button
                  variant="danger"
                  aria-label={t('machines.removeNamed', { name: row.name })}
                  onClick={() => setOpen({ kind: 'remove', identity: row })}
                >
                  {t('action.remove')}
                </Button>
              </>
            )}
          />
        )}
      </QueryState>
      {open?.kind === 'edit' && <ServiceIdentityDialog identity={open.identity} accounts={accounts} onClose={close} />}
      {open?.kind === 'remove' && (
        <ConfirmDialog
          title={t('machines.removeNamed', { name: open.identity.name })}
          text={t('machines.removeText', { count: open.identity.keys })}
          typeName={open.identity.name}
          confirmLabel={t('machines.removeNamed', { name: open.identity.name })}
          mutation={remove}
          onConfirm={() => remove.mutate(open.identity.id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Card>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Chip } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import type { Role } from '@/types/api'
import { rolesQuery, useRemoveRole } from '../api/roles'
import { useRoleName } from '../hooks/useRoleName'
import { roleKey } from '../rules'

export type RoleTask = { kind: 'edit' | 'copy'; role: Role }

/** Built-in roles first, then the organization's own. */
export function RoleList({ onTask }: { onTask: (task: RoleTask) => void }) {
  const { t } = useTranslation()
  const query = useQuery({ ...rolesQuery(), enabled: useCan('members:read') })
  const mayChange = useCan('roles:write')
  const [removing, setRemoving] = useState<Role | null>(null)
  const roleName = useRoleName()
  const nameOf = (role: Role) => (role.built_in ? roleName({ role: role.name, role_name: role.name }) : role.name)
  return (
    <>
      <QueryState
        query={query}
        permission="members:read"
        skeleton={<SkeletonRows rows={6} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('roles.emptyTitle') }}
      >
        {({ items }) => (
          <RowTable
            label={t('page.roles')}
            rows={items}
            rowId={roleKey}
            columns={[
              {
                id: 'name',
                header: t('roles.name'),
                cell: (role) => (
                  <>
                    <span className="font-medium">{nameOf(role)}</span>{' '}
                    <Chip>{t(role.built_in ? 'roles.builtIn' : 'roles.custom')}</Chip>
                    <span className="block text-muted">{role.description}</span>
                  </>
                ),
              },
              {
                id: 'permissions',
                header: t('roles.permissions'),
                align: 'end',
                wideOnly: true,
                cell: (role) => role.permissions.length,
              },
              {
                id: 'members',
                header: t('roles.members'),
                align: 'end',
                cell: (role) => t('roles.membersCount', { count: role.members }),
              },
            ]}
            actions={(role) => (
              <>
                <Button
                  aria-label={t(role.built_in || !mayChange ? 'roles.showNamed' : 'roles.editNamed', {
                    name: nameOf(role),
                  })}
                  onClick={() => onTask({ kind: 'edit', role })}
                >
                  {t(role.built_in || !mayChange ? 'roles.show' : 'action.edit')}
                </Button>
                {mayChange && (
                  <Button
                    aria-label={t('roles.copyNamed', { name: nameOf(role) })}
                    onClick={() => onTask({ kind: 'copy', role })}
                  >
                    {t('roles.copy')}
                  </Button>
                )}
                {mayChange && !role.built_in && (
                  <Button
                    variant="danger"
                    aria-label={t('roles.removeNamed', { name: role.name })}
                    onClick={() => setRemoving(role)}
                  >
                    {t('action.remove')}
                  </Button>
                )}
              </>
            )}
          />
        )}
      </QueryState>
      {removing && <RemoveRole role={removing} onClose={() => setRemoving(null)} />}
    </>
  )
}

function RemoveRole({ role, onClose }: { role: Role; onClose: () => void }) {
  const { t } = useTranslation()
  const remove = useRemoveRole()
  return (
    <ConfirmDialog
      title={t('roles.removeNamed', { name: role.name })}
      text={t('roles.removeText')}
      confirmLabel={t('roles.removeNamed', { name: role.name })}
      mutation={remove}
      onConfirm={() => role.id && remove.mutate(role.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import { useSession } from '@/services/session'
import type { Role } from '@/types/api'
import { permissionsQuery, useCreateRole, useUpdateRole } from '../api/roles'
import { PermissionMatrix } from './PermissionMatrix'

type Props = { role: Role | null; copy?: boolean; onClose: () => void }

/** A role's name and permissions: a new one, a copy, or one to change. Built-in ones can only be looked at. */
export function RoleEditor({ role, copy, onClose }: Props) {
  const { t } = useTranslation()
  const mayChange = useCan('roles:write')
  const held = useSession((session) => session.me?.permissions) ?? []
  const isNew = role === null || copy === true
  const readOnly = !mayChange || (!isNew && role.built_in)
  const { data: catalogue, error } = useQuery(permissionsQuery())
  const [name, setName] = useState(role ? (copy ? t('roles.copyOf', { name: role.name }) : role.name) : '')
  const [description, setDescription] = useState(role?.description ?? '')
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null)
  const [tried, setTried] = useState(false)
  const create = useCreateRole()
  const update = useUpdateRole()

  const names = (catalogue ?? [])
    .filter(({ assignable }) => assignable || readOnly)
    .map((permission) => permission.name)
  // A copy of a role that holds more than oneself begins with what one may give.
  const first = (role?.permissions ?? []).filter((item) => !isNew || (held.includes(item) && names.includes(item)))
  const selected = chosen ?? new Set(first)
  const submit = () => {
    setTried(true)
    if (!name.trim() || selected.size === 0) return
    const body = { name: name.trim(), description: description.trim(), permissions: [...selected].sort() }
    if (isNew) create.mutate(body, { onSuccess: onClose })
    else if (role.id) update.mutate({ id: role.id, body: { ...body, version: role.version } }, { onSuccess: onClose })
  }
  return (
    <FormDialog
      wide
      title={isNew ? t('roles.create') : t(readOnly ? 'roles.showNamed' : 'roles.editNamed', { name: role.name })}
      submitLabel={isNew ? t('roles.create') : t(readOnly ? 'action.close' : 'action.save')}
      busy={create.isPending || update.isPending}
      error={create.error ?? update.error ?? error}
      onSubmit={readOnly ? onClose : submit}
      onClose={onClose}
    >
      {!readOnly && (
        <>
          <Field
            autoFocus
            label={t('roles.name')}
            maxLength={200}
            value={name}
            error={tried && !name.trim() ? t('roles.nameError') : undefined}
            onChange={(event) => setName(event.target.value)}
          />
          <Field
            label={t('roles.description')}
            maxLength={500}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </>
      )}
      {catalogue ? (
        <PermissionMatrix names={names} selected={selected} held={held} readOnly={readOnly} onChange={setChosen} />
      ) : (
        !error && <SkeletonRows rows={8} />
      )}
      {tried && selected.size === 0 && (
        <p role="alert" className="text-critical">
          {t('roles.noneChosen')}
        </p>
      )}
    </FormDialog>
  )
}

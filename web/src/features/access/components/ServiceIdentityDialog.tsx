import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import type { ServiceIdentity } from '@/types/api'
import { useCreateServiceIdentity, useUpdateServiceIdentity } from '../api/apiKeys'
import { draftOf, roleChoice, roleKeyOf, type ScopeError, scopeOf } from '../rules'
import { RoleField } from './RoleField'
import { type ScopeAccount, ScopeField } from './ScopeField'

type Props = { identity: ServiceIdentity | null; accounts: ScopeAccount[]; onClose: () => void }

/** A machine's name, its role and its scope: the most that any of its keys can do. */
export function ServiceIdentityDialog({ identity, accounts, onClose }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(identity?.name ?? '')
  const [description, setDescription] = useState(identity?.description ?? '')
  const [role, setRole] = useState(identity ? roleKeyOf(identity) : 'viewer')
  const [scope, setScope] = useState(draftOf(identity?.scope))
  const [tried, setTried] = useState(false)
  const [scopeError, setScopeError] = useState<ScopeError>()
  const create = useCreateServiceIdentity()
  const update = useUpdateServiceIdentity()
  const submit = () => {
    setTried(true)
    const read = scopeOf(scope)
    setScopeError('error' in read ? read.error : undefined)
    if (!name.trim() || 'error' in read) return
    const base = { name: name.trim(), description: description.trim(), scope: read.scope }
    if (!identity) return create.mutate({ ...base, ...roleChoice(role) }, { onSuccess: onClose })
    const change = role && role !== roleKeyOf(identity) ? roleChoice(role) : {}
    update.mutate({ id: identity.id, body: { ...base, ...change } }, { onSuccess: onClose })
  }
  return (
    <FormDialog
      title={identity ? t('roles.editNamed', { name: identity.name }) : t('machines.create')}
      submitLabel={identity ? t('action.save') : t('machines.create')}
      busy={create.isPending || update.isPending}
      error={create.error ?? update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('apiKeys.name')}
        maxLength={200}
        value={name}
        error={tried && !name.trim() ? t('apiKeys.nameError') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <Field
        label={t('roles.description')}
        maxLength={500}
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <RoleField value={role} onChange={setRole} hint={t('machines.roleHint')} />
      <ScopeField draft={scope} accounts={accounts} error={scopeError} onChange={setScope} />
    </FormDialog>
  )
}

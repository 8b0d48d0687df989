import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { SelectField, TextArea } from '@/components/Common/Inputs'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useSession } from '@/services/session'
import { serviceIdentitiesQuery, useCreateApiKey } from '../api/apiKeys'
import { permissionsQuery } from '../api/roles'
import { draftOf, EXPIRY_DAYS, expiryAfter, type ScopeError, scopeOf, splitAddresses } from '../rules'
import { PermissionMatrix } from './PermissionMatrix'
import { type ScopeAccount, ScopeField } from './ScopeField'

type Props = { accounts: ScopeAccount[]; own?: boolean; onClose: () => void; onMade: (key: string) => void }

const MINE = ''

/** A new key: whose, for what, for which part of the organization, from where and until when. */
export function CreateKey({ accounts, own, onClose, onMade }: Props) {
  const { t } = useTranslation()
  const mine = useSession((session) => session.me?.permissions) ?? []
  const { data: catalogue, error } = useQuery(permissionsQuery())
  const { data: machines } = useQuery({ ...serviceIdentitiesQuery(), enabled: !own })
  const [name, setName] = useState('')
  const [owner, setOwner] = useState(MINE)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [scope, setScope] = useState(draftOf(null))
  const [days, setDays] = useState('90')
  const [addresses, setAddresses] = useState('')
  const [tried, setTried] = useState(false)
  const [scopeError, setScopeError] = useState<ScopeError>()
  const create = useCreateApiKey()

  const machine = machines?.items.find(({ id }) => id === owner)
  const names = (catalogue ?? []).filter(({ keys }) => keys).map((permission) => permission.name)
  const held = machine ? machine.permissions : mine
  const submit = () => {
    setTried(true)
    const read = scopeOf(scope)
    setScopeError('error' in read ? read.error : undefined)
    if (!name.trim() || selected.size === 0 || 'error' in read) return
    create.mutate(
      {
        name: name.trim(),
        permissions: [...selected].sort(),
        scope: read.scope,
        expires_at: expiryAfter(Number(days), Date.now()),
        addresses: splitAddresses(addresses),
        ...(machine ? { service_identity_id: machine.id } : {}),
      },
      { onSuccess: ({ key }) => onMade(key) },
    )
  }
  return (
    <FormDialog
      wide
      title={t('apiKeys.create')}
      description={t('apiKeys.createText')}
      submitLabel={t('apiKeys.create')}
      busy={create.isPending}
      error={create.error ?? error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('apiKeys.name')}
        hint={t('apiKeys.nameHint')}
        maxLength={200}
        value={name}
        error={tried && !name.trim() ? t('apiKeys.nameError') : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      {!own && (
        <SelectField
          label={t('apiKeys.owner')}
          hint={t('apiKeys.ownerHint')}
          value={owner}
          options={[
            { value: MINE, label: t('apiKeys.mine') },
            ...(machines?.items ?? [])
              .filter(({ disabled_at }) => !disabled_at)
              .map(({ id, name: label }) => ({ value: id, label })),
          ]}
          onChange={(event) => {
            setOwner(event.target.value)
            setSelected(new Set())
          }}
        />
      )}
      {catalogue ? (
        <PermissionMatrix names={names} selected={selected} held={held} onChange={setSelected} />
      ) : (
        !error && <SkeletonRows rows={6} />
      )}
      {tried && selected.size === 0 && (
        <p role="alert" className="text-critical">
          {t('roles.noneChosen')}
        </p>
      )}
      <ScopeField draft={scope} accounts={accounts} error={scopeError} onChange={setScope} />
      <SelectField
        label={t('apiKeys.ends')}
        value={days}
        options={EXPIRY_DAYS.map((count) => ({ value: String(count), label: t('apiKeys.days', { count }) }))}
        onChange={(event) => setDays(event.target.value)}
      />
      <TextArea
        mono
        rows={2}
        label={t('apiKeys.addresses')}
        hint={t('apiKeys.addressesHint')}
        placeholder="203.0.113.0/24"
        value={addresses}
        onChange={(event) => setAddresses(event.target.value)}
      />
    </FormDialog>
  )
}

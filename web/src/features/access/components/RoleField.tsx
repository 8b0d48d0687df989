import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { SelectField } from '@/components/Common/Inputs'
import { useSession } from '@/services/session'
import { rolesQuery } from '../api/roles'
import { canGrant, type RoleKey, roleKey } from '../rules'

type Props = { label?: string; hint?: string; value: RoleKey; onChange: (role: RoleKey) => void; error?: string }

/** Any role there is; those that hold more than oneself are shown but cannot be picked. */
export function RoleField({ label, hint, value, onChange, error }: Props) {
  const { t } = useTranslation()
  const { data } = useQuery(rolesQuery())
  const me = useSession((session) => session.me)
  const roles = data?.items ?? []
  const options = roles.map((role) => {
    const name = role.built_in ? t(`role.${role.name}` as 'role.owner', { defaultValue: role.name }) : role.name
    const may = me !== null && canGrant(role, me)
    return { value: roleKey(role), label: may ? name : t('roles.notYours', { name }), disabled: !may }
  })
  const isKnown = options.some((option) => option.value === value)
  return (
    <SelectField
      label={label ?? t('profile.role')}
      hint={hint ?? roles.find((role) => roleKey(role) === value)?.description}
      value={value}
      error={error}
      options={isKnown ? options : [{ value, label: value || t('roles.pick') }, ...options]}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

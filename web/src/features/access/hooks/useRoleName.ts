import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'

type Holder = { role: string | null; role_name?: string | null }

/** What a role is called: built-in ones in the person's language, custom ones as their maker named them. */
export function useRoleName() {
  const { t } = useTranslation()
  return useCallback(
    ({ role, role_name: given }: Holder) => {
      const name = role && role !== 'custom' ? role : given
      return name ? t(`role.${name}` as 'role.owner', { defaultValue: given ?? name }) : '–'
    },
    [t],
  )
}

import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'

/** "inventory.sync_account" → "Account sync"; kinds without a name of their own read as they are. */
export function useJobName() {
  const { t } = useTranslation()
  return useCallback(
    (kind: string): string => {
      const fallback = kind.split('.').pop()?.replaceAll('_', ' ') ?? kind
      return t(`jobKind.${kind.replace('.', '_')}` as 'jobKind.inventory_sync_account', {
        defaultValue: fallback.charAt(0).toUpperCase() + fallback.slice(1),
      })
    },
    [t],
  )
}

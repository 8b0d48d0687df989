import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { providerName } from '@/components/Common/Provider'
import { NO_VALUE } from '../rules'

/** Names of groups as a person reads them. */
export function useGroupLabel(dimension: string, accountName: (nativeId: string) => string) {
  const { t } = useTranslation()
  return useCallback(
    (id: string): string => {
      if (id === NO_VALUE) return t('cost.noValue')
      if (dimension === 'provider') return providerName(id)
      if (dimension === 'sub_account') return accountName(id)
      return id
    },
    [dimension, accountName, t],
  )
}

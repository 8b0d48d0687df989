import { useQuery } from '@tanstack/react-query'
import { Cloud } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Select } from '@/components/Common/Select'
import { useAccountScope } from '@/hooks/useAccountScope'
import { useCan } from '@/services/permissions'
import { accountsQuery } from '../api'

/** Narrows the page to one account. */
export function AccountPicker() {
  const { t } = useTranslation()
  const { accountId, setAccountId } = useAccountScope()
  const { data } = useQuery({ ...accountsQuery(), enabled: useCan('accounts:read') })
  if (!data || data.items.length === 0) return null
  return (
    <Select
      hideLabel
      label={t('account.picker')}
      value={accountId ?? ''}
      icon={<Cloud size={14} aria-hidden className="max-md:hidden" />}
      options={[
        { value: '', label: t('account.all') },
        ...data.items.map((account) => ({ value: account.id, label: account.name })),
      ]}
      onChange={(value) => void setAccountId(value || null)}
    />
  )
}

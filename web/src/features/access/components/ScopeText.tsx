import { useTranslation } from 'react-i18next'
import type { Scope } from '@/types/api'
import type { ScopeAccount } from './ScopeField'

type Props = { scope: Scope | null | undefined; accounts: ScopeAccount[] }

/** A scope in a line: names of accounts, then tags. */
export function ScopeText({ scope, accounts }: Props) {
  const { t } = useTranslation()
  if (!scope) return <>{t('scope.whole')}</>
  const names = scope.accounts.map((id) => accounts.find((account) => account.id === id)?.name ?? id.slice(0, 8))
  const tags = scope.tags.map(({ key, value }) => `${key}=${value}`)
  const text = [...names, ...tags].join(', ')
  return <span title={text}>{text}</span>
}

import { parseAsString, useQueryState } from 'nuqs'

/** The account that the whole page is narrowed to, from the URL; null means all. */
export function useAccountScope() {
  const [accountId, setAccountId] = useQueryState('account', parseAsString.withOptions({ history: 'push' }))
  return { accountId, setAccountId }
}

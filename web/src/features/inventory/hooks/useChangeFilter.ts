import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useAccountScope } from '@/hooks/useAccountScope'
import { useTimeRange } from '@/hooks/useTimeRange'
import type { ChangeFilter } from '../api'

const values = parseAsArrayOf(parseAsString).withDefault([])
export const CHANGE_KINDS = ['created', 'updated', 'deleted'] as const

const PARSERS = {
  kind: parseAsStringLiteral(CHANGE_KINDS),
  actor: parseAsString.withDefault(''),
  search: parseAsString.withDefault(''),
  provider: values,
  type: values,
}

/** The change feed's filters, all in the URL; the days are the header's. */
export function useChangeFilter() {
  const [state, set] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { accountId, setAccountId } = useAccountScope()
  const { range } = useTimeRange()
  const key = JSON.stringify(state)
  const filter = useMemo<ChangeFilter>(
    () => ({ ...(JSON.parse(key) as typeof state), accountId, from: range.from, to: range.to }),
    [key, accountId, range],
  )
  const { kind, actor, search, provider, type } = state
  return {
    filter,
    set,
    isActive: Boolean(kind || actor || search || accountId || provider.length > 0 || type.length > 0),
    clear: () => {
      void set({ kind: null, actor: null, search: null, provider: null, type: null })
      void setAccountId(null)
    },
  }
}

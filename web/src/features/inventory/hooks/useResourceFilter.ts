import { parseAsArrayOf, parseAsBoolean, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useAccountScope } from '@/hooks/useAccountScope'
import type { ResourceFilter } from '../api'
import { DEFAULT_COLUMNS } from '../columns'

const values = parseAsArrayOf(parseAsString).withDefault([])
export const SORTS = ['name', '-name', 'type', 'region', '-first_seen', '-cost'] as const

const PARSERS = {
  provider: values,
  type: values,
  region: values,
  status: values,
  search: parseAsString.withDefault(''),
  stale: parseAsBoolean.withDefault(false),
  at: parseAsString,
  sort: parseAsStringLiteral(SORTS).withDefault('name'),
  columns: parseAsArrayOf(parseAsString).withDefault(DEFAULT_COLUMNS),
}

/** The resource list's filters, order and columns, all in the URL. */
export function useResourceFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { accountId, setAccountId } = useAccountScope()
  const { sort, columns, ...rest } = state
  const key = JSON.stringify(rest)
  const filter = useMemo<ResourceFilter>(
    () => ({ ...(JSON.parse(key) as typeof rest), account_id: accountId ? [accountId] : [] }),
    [key, accountId],
  )
  const isActive =
    [rest.provider, rest.type, rest.region, rest.status].some((list) => list.length > 0) ||
    Boolean(rest.search || rest.stale || accountId)

  return {
    filter,
    sort,
    columns,
    isActive,
    set: setState,
    setAccountId,
    clear: () => {
      void setState({ provider: null, type: null, region: null, status: null, search: null, stale: null })
      void setAccountId(null)
    },
  }
}

import { parseAsArrayOf, parseAsBoolean, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useAccountScope } from '@/hooks/useAccountScope'
import type { ResourceFilter } from '../api'

const values = parseAsArrayOf(parseAsString).withDefault([])
const SORTS = ['name', '-name', 'type', 'region', '-first_seen', '-cost'] as const

const PARSERS = {
  provider: values,
  type: values,
  region: values,
  status: values,
  tag: parseAsString.withDefault(''),
  q: parseAsString.withDefault(''),
  stale: parseAsBoolean.withDefault(false),
  sort: parseAsStringLiteral(SORTS).withDefault('name'),
}

/** The resource list's filters and order, all in the URL. */
export function useResourceFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { accountId, setAccountId } = useAccountScope()
  const { sort, ...rest } = state
  const key = JSON.stringify(rest)
  const filter = useMemo<ResourceFilter>(
    () => ({ ...(JSON.parse(key) as typeof rest), account_id: accountId ? [accountId] : [] }),
    [key, accountId],
  )
  const isActive =
    [rest.provider, rest.type, rest.region, rest.status].some((list) => list.length > 0) ||
    Boolean(rest.tag || rest.q || rest.stale || accountId)

  return {
    filter,
    sort,
    isActive,
    set: setState,
    /** Typing replaces instead of adding a step to go back to. */
    setSearch: (q: string) => void setState({ q }, { history: 'replace' }),
    clear: () => {
      void setState({ provider: null, type: null, region: null, status: null, tag: null, q: null, stale: null })
      void setAccountId(null)
    },
  }
}

import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { SEVERITIES } from '@/components/Common/Severity'
import { useAccountScope } from '@/hooks/useAccountScope'
import type { FindingStatus } from '@/types/api'
import type { FindingFilter } from '../api'
import { FINDING_STATUSES } from '../rules'

const DEFAULT_STATUS: FindingStatus[] = ['open']

const PARSERS = {
  status: parseAsArrayOf(parseAsStringLiteral(FINDING_STATUSES)).withDefault(DEFAULT_STATUS),
  severity: parseAsArrayOf(parseAsStringLiteral(SEVERITIES)).withDefault([]),
  control: parseAsString.withDefault(''),
  q: parseAsString.withDefault(''),
}

/** The finding list's filters, in the URL. Without any it shows open findings. */
export function useFindingFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { accountId, setAccountId } = useAccountScope()
  const key = JSON.stringify(state)
  const filter = useMemo<FindingFilter>(() => {
    const { control, ...rest } = JSON.parse(key) as typeof state
    return { ...rest, control_id: control, account_id: accountId }
  }, [key, accountId])
  return {
    filter,
    isActive:
      state.severity.length > 0 ||
      Boolean(state.q || state.control || accountId) ||
      state.status.join() !== DEFAULT_STATUS.join(),
    set: setState,
    setSearch: (q: string) => void setState({ q }, { history: 'replace' }),
    clear: () => {
      void setState({ status: null, severity: null, control: null, q: null })
      void setAccountId(null)
    },
  }
}

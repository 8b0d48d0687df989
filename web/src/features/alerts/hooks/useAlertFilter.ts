import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { SEVERITIES } from '@/components/Common/Severity'
import type { AlertStatus } from '@/types/api'
import type { AlertFilter } from '../api'
import { ALERT_STATUSES } from '../rules'

/** What still wants someone's eye. */
const OPEN: AlertStatus[] = ['firing', 'acknowledged']

const PARSERS = {
  status: parseAsArrayOf(parseAsStringLiteral(ALERT_STATUSES)).withDefault(OPEN),
  severity: parseAsArrayOf(parseAsStringLiteral(SEVERITIES)).withDefault([]),
  q: parseAsString.withDefault(''),
}

/** The alert list's filters, in the URL. Without any it shows what is open. */
export function useAlertFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const key = JSON.stringify(state)
  const filter = useMemo(() => JSON.parse(key) as AlertFilter, [key])
  return {
    filter,
    isActive: state.severity.length > 0 || state.q !== '' || state.status.join() !== OPEN.join(),
    set: setState,
    setSearch: (q: string) => void setState({ q }, { history: 'replace' }),
    clear: () => void setState({ status: null, severity: null, q: null }),
  }
}

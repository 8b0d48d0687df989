import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useTimeRange } from '@/hooks/useTimeRange'
import type { AnomalyFilter } from '../api'
import { KINDS, STATES } from '../rules'

const PARSERS = {
  kind: parseAsArrayOf(parseAsStringLiteral(KINDS)).withDefault([]),
  state: parseAsStringLiteral(STATES),
  q: parseAsString.withDefault(''),
  judged: parseAsStringLiteral(['yes', 'no'] as const),
  burst: parseAsString,
}
const NOTHING = { kind: null, state: null, q: null, judged: null, burst: null }

/** The anomaly list's filters, in the URL; the days are the header's. */
export function useAnomalyFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { range } = useTimeRange()
  const key = JSON.stringify([state, range.from, range.to])
  const filter = useMemo((): AnomalyFilter => {
    const [{ q, judged, ...rest }, from, to] = JSON.parse(key) as [typeof state, string, string]
    return { ...rest, name: q, judged: judged === null ? null : judged === 'yes', from, to }
  }, [key])
  return {
    state,
    filter,
    isActive: Object.values(state).some((value) => value !== null && value.length > 0),
    set: (next: Partial<typeof state>) => void setState(next),
    setSearch: (q: string) => void setState({ q }, { history: 'replace' }),
    clear: () => void setState(NOTHING),
  }
}

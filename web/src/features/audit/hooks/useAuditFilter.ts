import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useCallback, useMemo } from 'react'
import { type AuditFilter, OUTCOMES } from '../rules'

const parsers = {
  outcome: parseAsStringLiteral(OUTCOMES),
  actor: parseAsString,
  action: parseAsString,
  type: parseAsString,
  subject: parseAsString,
  from: parseAsString,
  to: parseAsString,
  q: parseAsString.withDefault(''),
}

/** The audit log's filter, in the URL. */
export function useAuditFilter() {
  const [state, setState] = useQueryStates(parsers, { history: 'push' })
  const filter: AuditFilter = useMemo(
    () => ({
      outcome: state.outcome,
      actor_id: state.actor,
      action: state.action,
      subject_type: state.type,
      subject_id: state.subject,
      from: state.from,
      to: state.to,
      q: state.q,
    }),
    [state],
  )
  const isFiltered = Object.values(filter).some(Boolean)
  const clear = useCallback(() => void setState(null), [setState])
  const setSearch = useCallback((q: string) => void setState({ q: q || null }, { history: 'replace' }), [setState])
  return { filter, isFiltered, clear, setSearch, set: setState }
}

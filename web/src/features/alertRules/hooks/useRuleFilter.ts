import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { SEVERITIES } from '@/components/Common/Severity'
import type { RuleFilter } from '../api/rules'
import { RULE_HEALTHS, RULE_STATES } from '../rules'

const PARSERS = {
  q: parseAsString.withDefault(''),
  severity: parseAsArrayOf(parseAsStringLiteral(SEVERITIES)).withDefault([]),
  state: parseAsArrayOf(parseAsStringLiteral(RULE_STATES)).withDefault([]),
  health: parseAsArrayOf(parseAsStringLiteral(RULE_HEALTHS)).withDefault([]),
  enabled: parseAsStringLiteral(['on', 'off'] as const),
  group: parseAsString.withDefault(''),
  file: parseAsString.withDefault(''),
}
const NOTHING = { q: null, severity: null, state: null, health: null, enabled: null, group: null, file: null }

/** The rule list's filters, in the URL. */
export function useRuleFilter() {
  const [state, setState] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const key = JSON.stringify(state)
  const filter = useMemo(() => JSON.parse(key) as RuleFilter, [key])
  return {
    filter,
    isActive: Object.values(filter).some((value) => value !== null && value.length > 0),
    set: (next: Partial<typeof state>) => void setState(next),
    setSearch: (q: string) => void setState({ q }, { history: 'replace' }),
    clear: () => void setState(NOTHING),
  }
}

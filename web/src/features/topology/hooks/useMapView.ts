import { parseAsArrayOf, parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useAccountScope } from '@/hooks/useAccountScope'
import { OVERLAYS } from '../rules/overlays'

export const MODES = ['map', 'path', 'blast', 'exposed', 'orphans'] as const
/** Questions that are answered by a list and need no start. */
const LISTS: readonly string[] = ['exposed', 'orphans']
export const DIRECTIONS = ['both', 'out', 'in'] as const
export const GROUPINGS = ['account', 'region', 'vpc', 'type', 'service'] as const

const values = parseAsArrayOf(parseAsString).withDefault([])

const PARSERS = {
  mode: parseAsStringLiteral(MODES).withDefault('map'),
  root: parseAsString,
  network: parseAsString,
  depth: parseAsInteger.withDefault(2),
  dir: parseAsStringLiteral(DIRECTIONS).withDefault('both'),
  type: values,
  /** account, region, vpc, type, service or tag:KEY; empty draws each resource. */
  by: parseAsString.withDefault(''),
  open: values,
  at: parseAsString,
  from: parseAsString,
  to: parseAsString,
  overlay: parseAsStringLiteral(OVERLAYS).withDefault('findings'),
  view: parseAsStringLiteral(['map', 'table']).withDefault('map'),
  find: parseAsString.withDefault(''),
  id: parseAsString,
}

export type MapView = ReturnType<typeof useMapView>

/** Everything the map shows, in the URL. */
export function useMapView() {
  const [state, set] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const { accountId, setAccountId } = useAccountScope()
  const depth = Math.min(4, Math.max(1, state.depth))
  // An account or network as a whole comes in groups: one by one it may be a hundred thousand.
  const by = state.by || (!state.root && (state.network || accountId) ? 'type' : '')
  const { mode, root, network, dir, open, at, from, to } = state
  const typeKey = state.type.join(',')
  const question = useMemo(
    () => ({ root, network, accountId, depth, dir, types: typeKey, by, open, at }),
    [root, network, accountId, depth, dir, typeKey, by, open, at],
  )
  const isList = LISTS.includes(mode)
  const hasStart =
    isList ||
    (mode === 'path' ? Boolean(from && to) : mode === 'blast' ? Boolean(root) : Boolean(root || network || accountId))
  return {
    ...state,
    depth,
    by,
    accountId,
    question,
    hasStart,
    isList,
    set,
    /** Typing replaces instead of adding a step to go back to. */
    replace: (next: Parameters<typeof set>[0]) => void set(next, { history: 'replace' }),
    /** Makes a resource the middle of the map; groups opened before belong to another map. */
    startAt: (root: string) =>
      void set({ root, network: null, mode: state.mode === 'blast' ? 'blast' : 'map', open: null, find: null }),
    startAtNetwork: (network: string) =>
      void set({ network, root: null, mode: null, by: null, open: null, find: null, id: null }),
    startAtAccount: (id: string) => {
      void set({ root: null, network: null, mode: null, by: null, open: null, find: null, id: null })
      void setAccountId(id)
    },
    toggleGroup: (id: string) =>
      void set({ open: open.includes(id) ? open.filter((other) => other !== id) : [...open, id] }),
    clear: () => {
      void set(
        Object.fromEntries(
          Object.keys(PARSERS)
            .filter((name) => name !== 'overlay' && name !== 'view')
            .map((name) => [name, null]),
        ) as Partial<Record<keyof typeof PARSERS, null>>,
      )
      void setAccountId(null)
    },
  }
}

/** The names of the URL that make up a saved question. */
export const QUESTION_KEYS = [
  'mode',
  'root',
  'network',
  'account',
  'depth',
  'dir',
  'type',
  'by',
  'open',
  'from',
  'to',
  'overlay',
  'view',
  'port',
  'known',
  'reason',
] as const

import type { Tone } from '@/components/Common/Badge'
import type { Account, CoverageItem, SyncUnit } from '@/types/api'

export const ACCOUNT_TONES: Record<Account['status'], Tone> = {
  pending: 'busy',
  connected: 'ok',
  degraded: 'warning',
  failed: 'bad',
}
export const UNIT_TONES: Record<SyncUnit['state'], Tone> = {
  complete: 'ok',
  partial: 'warning',
  failed: 'bad',
  never: 'neutral',
}

/** What most needs a look comes first. */
const ORDER: SyncUnit['state'][] = ['failed', 'partial', 'never', 'complete']

export const sortUnits = (units: SyncUnit[]): SyncUnit[] =>
  [...units].sort(
    (a, b) =>
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
      a.service.localeCompare(b.service) ||
      a.region.localeCompare(b.region),
  )

/** The worst that happened to a type: one failed unit can hide resources of it. */
export function coverageState({ units }: Pick<CoverageItem, 'units'>): SyncUnit['state'] {
  if (units.failed > 0) return 'failed'
  if (units.partial > 0) return 'partial'
  return units.complete > 0 ? 'complete' : 'never'
}

/** A unit that never told its types stands under its service. */
export const coverageName = (item: CoverageItem): string => item.native_type ?? item.service ?? item.type ?? '–'

export const sortCoverage = (items: CoverageItem[]): CoverageItem[] =>
  [...items].sort(
    (a, b) =>
      ORDER.indexOf(coverageState(a)) - ORDER.indexOf(coverageState(b)) ||
      coverageName(a).localeCompare(coverageName(b)),
  )

export type TreeRow = {
  id: string
  level: number
  name: string
  /** Null for what only holds accounts: an organizational unit, folder or management group. */
  account: Account | null
  /** Accounts at or below this row, itself not counted. */
  below: number
  /** Resources of this row and all below it. */
  resources: number
  /** Null where nothing is below. */
  isOpen: boolean | null
}

/** Above this many found accounts a connection starts folded. */
const OPEN_UP_TO = 30

type Branch = { name: string; accounts: Account[]; branches: Map<string, Branch> }

const newBranch = (name: string): Branch => ({ name, accounts: [], branches: new Map() })

const sizeOf = (branch: Branch): number =>
  branch.accounts.length + [...branch.branches.values()].reduce((sum, inner) => sum + sizeOf(inner), 0)

const resourcesIn = (branch: Branch): number =>
  branch.accounts.reduce((sum, { coverage }) => sum + (coverage.resources ?? 0), 0) +
  [...branch.branches.values()].reduce((sum, inner) => sum + resourcesIn(inner), 0)

/** Connections in their own order, each with what it found below it; `toggled` rows are not as they start. */
export function treeOf(accounts: Account[], toggled: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = []
  const ids = new Set(accounts.map(({ id }) => id))
  for (const account of accounts) {
    if (account.parent_id !== null && ids.has(account.parent_id)) continue
    const root = branchOf(accounts.filter(({ parent_id }) => parent_id === account.id))
    const below = sizeOf(root)
    const isOpen = below === 0 ? null : toggled.has(account.id) !== below <= OPEN_UP_TO
    const resources = (account.coverage.resources ?? 0) + resourcesIn(root)
    rows.push({ id: account.id, level: 1, name: account.name, account, below, resources, isOpen })
    if (isOpen) addBranch(rows, root, account.id, 2, toggled)
  }
  return rows
}

function branchOf(found: Account[]): Branch {
  const root = newBranch('')
  for (const account of found) {
    let branch = root
    for (const name of account.path) {
      const inner = branch.branches.get(name) ?? newBranch(name)
      branch.branches.set(name, inner)
      branch = inner
    }
    branch.accounts.push(account)
  }
  return root
}

function addBranch(rows: TreeRow[], branch: Branch, id: string, level: number, toggled: ReadonlySet<string>) {
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
  for (const account of [...branch.accounts].sort(byName)) {
    const resources = account.coverage.resources ?? 0
    rows.push({ id: account.id, level, name: account.name, account, below: 0, resources, isOpen: null })
  }
  for (const inner of [...branch.branches.values()].sort(byName)) {
    const innerId = `${id}/${inner.name}`
    const isOpen = !toggled.has(innerId)
    const [below, resources] = [sizeOf(inner), resourcesIn(inner)]
    rows.push({ id: innerId, level, name: inner.name, account: null, below, resources, isOpen })
    if (isOpen) addBranch(rows, inner, innerId, level + 1, toggled)
  }
}

/** The commands of a grant where the cloud takes commands, else the document as JSON. */
export function grantText(document: Record<string, unknown> | string): string {
  if (typeof document === 'string') return document
  const { commands } = document
  if (Array.isArray(commands) && commands.length > 0) return commands.join('\n')
  return JSON.stringify(document, null, 2)
}

/** "organization 123", "projects a, b": what a connection was told to read; empty where it reads its own. */
export const scopeText = (scope: Account['scope']): string =>
  Object.entries(scope)
    .map(([name, value]) => {
      const words = name.replaceAll('_', ' ')
      if (value === true) return words
      return `${words} ${Array.isArray(value) ? value.join(', ') : String(value)}`
    })
    .join(' · ')

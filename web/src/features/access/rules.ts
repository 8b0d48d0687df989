import type { ScopeBody } from '@cloudops/api-client'
import type { Role, Scope } from '@/types/api'

/** A role in a form: built-in ones by name (`viewer`), custom ones by id (`#…`). */
export type RoleKey = string

export const roleKey = ({ id, name }: Pick<Role, 'id' | 'name'>): RoleKey => (id ? `#${id}` : name)

export const roleKeyOf = (holder: { role: string | null; role_id?: string | null }): RoleKey =>
  holder.role_id ? `#${holder.role_id}` : (holder.role ?? '')

type BuiltIn = 'owner' | 'admin' | 'operator' | 'finance' | 'auditor' | 'viewer'

/** What a request says for a chosen role: exactly one of the two. */
export const roleChoice = (key: RoleKey): { role: BuiltIn } | { role_id: string } =>
  key.startsWith('#') ? { role_id: key.slice(1) } : { role: key as BuiltIn }

/** Nobody grants what they do not hold, and only an owner makes owners. */
export function canGrant(role: Pick<Role, 'name' | 'built_in' | 'permissions'>, mine: Granter): boolean {
  if (role.built_in && role.name === 'owner' && mine.role !== 'owner') return false
  return role.permissions.every((permission) => mine.permissions.includes(permission))
}

export type Granter = { role: string; permissions: string[] }

/** A scope while it is edited: tags as they are typed, one `key=value` a line. */
export type ScopeDraft = { whole: boolean; accounts: string[]; tags: string }

export const draftOf = (scope: Scope | null | undefined): ScopeDraft => ({
  whole: !scope,
  accounts: scope?.accounts ?? [],
  tags: (scope?.tags ?? []).map(({ key, value }) => `${key}=${value}`).join('\n'),
})

export type ScopeError = 'empty' | 'tag'

/** The request's scope, or what is wrong with the draft. Null is the whole organization. */
export function scopeOf(draft: ScopeDraft): { scope: ScopeBody | null } | { error: ScopeError } {
  if (draft.whole) return { scope: null }
  const lines = draft.tags
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (lines.some((line) => line.indexOf('=') < 1)) return { error: 'tag' }
  if (lines.length + draft.accounts.length === 0) return { error: 'empty' }
  const tags = lines.map((line) => ({
    key: line.slice(0, line.indexOf('=')).trim(),
    value: line.slice(line.indexOf('=') + 1).trim(),
  }))
  return { scope: { accounts: draft.accounts, tags } }
}

/** `alerts:read` is the action `read` on the subject `alerts`. */
export const subjectOf = (permission: string): string => permission.split(':')[0] ?? permission
export const actionOf = (permission: string): string => permission.split(':')[1] ?? permission

/** Permissions by subject, both in the alphabet's order, narrowed by a search over names and what they are called. */
export function groupPermissions(
  names: string[],
  search: string,
  wordsOf: (name: string) => string,
): [string, string[]][] {
  const wanted = search.trim().toLowerCase()
  const groups = new Map<string, string[]>()
  for (const name of [...names].sort()) {
    if (wanted && !`${name} ${wordsOf(name)}`.toLowerCase().includes(wanted)) continue
    const subject = subjectOf(name)
    groups.set(subject, [...(groups.get(subject) ?? []), name])
  }
  return [...groups]
}

/** IP addresses and networks, split at commas, spaces and line ends. */
export const splitAddresses = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

const DAY_MS = 86_400_000
export const EXPIRY_DAYS = [7, 30, 90, 180, 365] as const

/** The instant a key ends: a minute short of the days, so that a slow clock does not pass the server's limit. */
export const expiryAfter = (days: number, nowMs: number): string =>
  new Date(nowMs + days * DAY_MS - 60_000).toISOString()

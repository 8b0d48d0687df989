/** Columns of the resource list, as saved views name them; `tag:KEY` is one more for any tag. */
export const COLUMNS = [
  'name',
  'type',
  'native_type',
  'status',
  'region',
  'account',
  'provider',
  'cost',
  'tags',
  'native_id',
  'first_seen',
  'last_seen',
] as const
export type ColumnName = (typeof COLUMNS)[number]

export const DEFAULT_COLUMNS: string[] = [
  'name',
  'type',
  'status',
  'region',
  'account',
  'provider',
  'cost',
  'last_seen',
]

export const TAG_PREFIX = 'tag:'
export const isTagColumn = (name: string): boolean => name.startsWith(TAG_PREFIX)
export const tagOf = (name: string): string => name.slice(TAG_PREFIX.length)

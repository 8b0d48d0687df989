import { ChevronDown, ChevronRight } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './Copy'
import { matchPaths } from './jsonSearch'
import { SearchField } from './SearchField'

type Props = { value: unknown; copyLabel: string; searchable?: boolean }

const OPEN_DEPTH = 2

/** A JSON value as a tree that can be searched, folded and copied. */
export function JsonTree({ value, copyLabel, searchable = true }: Props) {
  const { t } = useTranslation()
  const [search, setSearch] = useState('')
  const matches = useMemo(() => (search.trim() ? matchPaths(value, search.trim()) : null), [value, search])
  return (
    <div>
      <div className="mb-2 flex items-center justify-end gap-2">
        {searchable && <SearchField label={t('json.search')} value={search} onChange={setSearch} />}
        {matches && (
          <span role="status" className="text-muted">
            {t('json.matches', { count: matches.hits.size })}
          </span>
        )}
        <span className="flex-1" />
        <CopyButton text={JSON.stringify(value, null, 2)} label={copyLabel} />
      </div>
      <div className="overflow-x-auto rounded-control border border-border bg-surface px-2 py-1.5 font-mono text-11 leading-5">
        <Node name={null} value={value} path="" depth={0} matches={matches} />
      </div>
    </div>
  )
}

type Matches = ReturnType<typeof matchPaths> | null
type NodeProps = { name: string | null; value: unknown; path: string; depth: number; matches: Matches }

function Node({ name, value, path, depth, matches }: NodeProps) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<boolean | null>(null)
  if (matches && path !== '' && !matches.shown.has(path)) return null
  const isHit = matches?.hits.has(path) ?? false
  const label =
    name === null ? null : <span className={isHit ? 'rounded bg-accent text-accent-fg' : 'text-muted'}>{name}: </span>

  if (typeof value !== 'object' || value === null) {
    return (
      <div className="pl-4.5 break-all whitespace-pre-wrap">
        {label}
        <Scalar value={value} />
      </div>
    )
  }
  const entries = Object.entries(value)
  const isArray = Array.isArray(value)
  const open = matches ? true : (chosen ?? depth < OPEN_DEPTH)
  const size = isArray ? t('json.items', { count: entries.length }) : t('json.fields', { count: entries.length })
  const preview = open ? null : previewOf(value)
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
        className="flex w-full items-center gap-0.5 rounded-control text-left hover:bg-surface-2"
      >
        {open ? (
          <ChevronDown size={14} aria-hidden className="text-muted" />
        ) : (
          <ChevronRight size={14} aria-hidden className="text-muted" />
        )}
        {label ?? <span className="text-muted">{isArray ? '[ ]' : '{ }'}</span>}
        <span className="ml-1 min-w-0 truncate text-muted">{preview ?? size}</span>
      </button>
      {open && (
        <div className="ml-1.5 border-l border-border pl-2">
          {entries.map(([key, child]) => (
            <Node key={key} name={key} value={child} path={`${path}/${key}`} depth={depth + 1} matches={matches} />
          ))}
        </div>
      )}
    </div>
  )
}

const MOST_PREVIEW = 120

/** A folded value on one line when it is short enough to be read there. */
function previewOf(value: object): string | null {
  const text = JSON.stringify(value).replaceAll(/([{,])"(\w+)":/g, '$1 $2: ')
  return text.length <= MOST_PREVIEW ? text : null
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === 'string') return <span className="text-text">"{value}"</span>
  if (value === null) return <span className="text-muted">null</span>
  return <span className="text-low">{String(value)}</span>
}

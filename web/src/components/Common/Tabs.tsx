import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react'
import { useChosenInSight } from '@/hooks/useChosenInSight'
import { classes } from './classes'

type Tab = { id: string; label: string; count?: number | null; content?: ReactNode }
type Props = { label: string; tabs: Tab[]; value: string; onChange: (id: string) => void }

/** Tabs after the ARIA pattern: the arrows move and choose, only the chosen one takes the Tab key. */
export function Tabs({ label, tabs, value, onChange }: Props) {
  const ids = useId()
  const list = useRef<HTMLDivElement>(null)
  const chosen = tabs.find(({ id }) => id === value) ?? tabs[0]
  useChosenInSight(list, chosen?.id)

  const moveBy = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const index = tabs.findIndex(({ id }) => id === chosen?.id)
    const next = tabs[(index + step + tabs.length) % tabs.length]
    if (!next) return
    onChange(next.id)
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus()
  }

  return (
    <div>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        onKeyDown={moveBy}
        className="mb-3 flex gap-4 overflow-x-auto border-b border-border"
      >
        {tabs.map(({ id, label: name, count }) => {
          const isChosen = id === chosen?.id
          return (
            <button
              key={id}
              type="button"
              role="tab"
              id={`${ids}-${id}`}
              data-tab={id}
              aria-selected={isChosen}
              aria-controls={isChosen ? `${ids}-panel` : undefined}
              tabIndex={isChosen ? 0 : -1}
              onClick={() => onChange(id)}
              className={classes(
                'flex h-8 shrink-0 items-center gap-1.5 border-b-2 -outline-offset-2 max-md:h-10',
                isChosen ? 'border-accent font-medium' : 'border-transparent text-muted hover:text-text',
              )}
            >
              {name}
              {count !== undefined && count !== null && (
                <span className="text-11 text-muted tabular-nums">{count}</span>
              )}
            </button>
          )
        })}
      </div>
      <div role="tabpanel" id={`${ids}-panel`} aria-labelledby={`${ids}-${chosen?.id}`}>
        {chosen?.content}
      </div>
    </div>
  )
}

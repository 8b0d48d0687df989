import { useQuery } from '@tanstack/react-query'
import { Search, X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/components/Common/classes'
import { useShortcuts } from '@/hooks/useShortcuts'
import { useCan } from '@/services/permissions'
import { ApiProblem } from '@/services/problem'
import type { CompletionOption } from '@/types/api'
import { completionQuery } from '../api'
import { complete, placeOf } from '../searchRules'

type Props = {
  label: string
  value: string
  onChange: (value: string) => void
  /** The failure of the list that was asked with it: an objection to the search is shown here, at its place. */
  error?: Error | null
}

const PAUSE_MS = 120

/** The search language with completion: arrows choose, Tab or Enter takes, Enter alone searches. */
export function SearchLanguage({ label, value, onChange, error }: Props) {
  const { t } = useTranslation()
  const ids = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  const [at, setAt] = useState(value.length)
  const [open, setOpen] = useState(false)
  const [chosen, setChosen] = useState(-1)
  if (value !== known) {
    setKnown(value)
    setText(value)
  }
  const { options, from, to } = useCompletion(text, at, open)
  const isOpen = open && options.length > 0
  const objection = placeOf(error instanceof ApiProblem ? error : null)
  useShortcuts([
    { keys: '/', run: () => input.current?.focus(), label: t('shortcut.filter'), group: t('shortcut.group.lists') },
  ])

  const submit = (wanted: string) => {
    setOpen(false)
    setChosen(-1)
    if (wanted.trim() !== value) onChange(wanted.trim())
  }
  const take = (option: CompletionOption) => {
    const next = complete(text, { from, to }, option)
    setText(next.text)
    setAt(next.cursor)
    setChosen(-1)
    // The value arrives with the next drawing; only then can the cursor stand inside of it.
    requestAnimationFrame(() => input.current?.setSelectionRange(next.cursor, next.cursor))
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const option = options[chosen === -1 && event.key === 'Tab' ? 0 : chosen]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (options.length > 0) setChosen((Math.max(chosen, step > 0 ? -1 : 0) + step + options.length) % options.length)
    } else if ((event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey)) && isOpen && option) {
      event.preventDefault()
      take(option)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      submit(text)
    } else if (event.key === 'Escape') {
      event.stopPropagation()
      if (isOpen) setOpen(false)
      else input.current?.blur()
    }
  }

  return (
    <div className="relative min-w-56 flex-1">
      <Search
        size={14}
        aria-hidden
        className="pointer-events-none absolute top-1.75 left-2 text-muted max-md:top-2.75"
      />
      <input
        ref={input}
        role="combobox"
        type="text"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={`${ids}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && chosen >= 0 ? `${ids}-${chosen}` : undefined}
        aria-invalid={objection ? true : undefined}
        aria-describedby={objection ? `${ids}-error` : undefined}
        placeholder={t('search.hint')}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(event.target.selectionStart ?? event.target.value.length)
          setChosen(-1)
          setOpen(true)
        }}
        onSelect={(event) => setAt(event.currentTarget.selectionStart ?? 0)}
        onFocus={() => setOpen(true)}
        onBlur={() => submit(text)}
        onKeyDown={onKeyDown}
        className="h-7 w-full rounded-control border border-border bg-surface pr-7 pl-7 font-mono text-11 aria-invalid:border-critical max-md:h-9"
      />
      {text && (
        <button
          type="button"
          aria-label={t('action.clearSearch')}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => {
            setText('')
            submit('')
            input.current?.focus()
          }}
          className="absolute top-1 right-1 flex size-5 items-center justify-center rounded-control text-muted hover:text-text max-md:top-2"
        >
          <X size={13} aria-hidden />
        </button>
      )}
      <ul
        id={`${ids}-list`}
        role="listbox"
        aria-label={t('search.completions')}
        hidden={!isOpen}
        className="enter-pop absolute inset-x-0 top-full z-40 mt-1 max-h-80 overflow-y-auto rounded-card border border-border bg-surface p-1 shadow-floating md:max-w-xl"
      >
        {options.map((option, index) => (
          <CompletionRow
            key={`${option.kind} ${option.text}`}
            domId={`${ids}-${index}`}
            option={option}
            active={index === chosen}
            onTake={() => take(option)}
          />
        ))}
      </ul>
      {objection && (
        <div id={`${ids}-error`} role="alert" className="mt-1 text-critical">
          <p className="overflow-x-auto font-mono text-11 whitespace-pre text-text">
            {value.slice(0, objection.at)}
            <mark className="bg-transparent font-semibold text-critical underline decoration-wavy">
              {value.slice(objection.at) || ' '}
            </mark>
          </p>
          {objection.detail}
        </div>
      )}
    </div>
  )
}

/** Options for the word at the cursor, a moment after typing stopped. */
function useCompletion(text: string, at: number, open: boolean) {
  const [asked, setAsked] = useState({ text, at })
  useEffect(() => {
    const timer = setTimeout(() => setAsked({ text, at }), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, at])
  const query = useQuery({
    ...completionQuery(asked.text, Math.min(asked.at, asked.text.length)),
    enabled: useCan('inventory:read') && open,
  })
  // Options of another text would be put in the wrong place.
  const isCurrent = asked.text === text && asked.at === at
  const found = isCurrent ? query.data : undefined
  return { options: found?.options ?? [], from: found?.from ?? 0, to: found?.to ?? 0 }
}

type RowProps = { option: CompletionOption; domId: string; active: boolean; onTake: () => void }

function CompletionRow({ option, domId, active, onTake }: RowProps) {
  const element = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (active) element.current?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    <li
      ref={element}
      id={domId}
      role="option"
      aria-selected={active}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onTake}
      className={classes(
        'flex min-h-7 cursor-default items-center gap-3 rounded-control px-2 max-md:min-h-10',
        active ? 'bg-surface-2' : 'hover:bg-surface-2',
      )}
    >
      <span className="min-w-0 flex-1 truncate font-mono text-11">{option.text}</span>
      <span className="min-w-0 truncate text-11 text-muted">{option.detail}</span>
    </li>
  )
}

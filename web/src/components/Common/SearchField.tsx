import { Search, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useShortcuts } from '@/hooks/useShortcuts'

type Props = { label: string; value: string; onChange: (value: string) => void }

const PAUSE_MS = 250

/** The filter field of a list: reports after a short pause in typing; `/` puts the cursor here. */
export function SearchField({ label, value, onChange }: Props) {
  const { t } = useTranslation()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  if (value !== known) {
    setKnown(value)
    setText(value)
  }
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => {
      setKnown(text)
      onChange(text)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, value, onChange])
  useShortcuts([
    {
      keys: '/',
      run: () => input.current?.focus(),
      label: t('shortcut.filter'),
      group: t('shortcut.group.lists'),
    },
  ])
  return (
    <div className="relative min-w-40 flex-1 md:max-w-72">
      <Search
        size={14}
        aria-hidden
        className="pointer-events-none absolute top-1/2 left-2 -translate-y-1/2 text-muted"
      />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          input.current?.blur()
        }}
        className="h-7 w-full rounded-control border border-border bg-surface pr-7 pl-7 max-md:h-9 [&::-webkit-search-cancel-button]:hidden"
      />
      {text && (
        <button
          type="button"
          aria-label={t('action.clearSearch')}
          onClick={() => {
            setText('')
            input.current?.focus()
          }}
          className="absolute top-1/2 right-1 flex size-5 -translate-y-1/2 items-center justify-center rounded-control text-muted hover:text-text"
        >
          <X size={13} aria-hidden />
        </button>
      )}
    </div>
  )
}

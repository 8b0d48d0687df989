import type { LucideIcon } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from './classes'
import { inputShape } from './Field'

export type PickOption = { id: string; label: string; detail?: ReactNode; group?: string }

type Props = {
  label: string
  hideLabel?: boolean
  placeholder?: string
  icon?: LucideIcon
  /** What stands in the field while nothing is typed: the name of what is picked. */
  picked?: string
  options: PickOption[]
  isSearching?: boolean
  /** The search failed: nothing found would be a false word. */
  isFailed?: boolean
  onSearch: (text: string) => void
  onPick: (option: PickOption) => void
  autoFocus?: boolean
  /** Puts the cursor here when the page's search key is pressed. */
  inputRef?: RefObject<HTMLInputElement>
}

const PAUSE_MS = 180

/** A field that offers what matches as one types; arrows choose, Enter picks (the ARIA combobox pattern). */
export function Combobox(props: Props) {
  const {
    label,
    hideLabel,
    placeholder,
    icon: Icon,
    picked = '',
    options,
    isSearching,
    isFailed,
    onSearch,
    onPick,
  } = props
  const { t } = useTranslation()
  const ids = useId()
  const own = useRef<HTMLInputElement>(null)
  const input = props.inputRef ?? own
  const [text, setText] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [cursor, setCursor] = useState(0)
  const active = Math.min(cursor, options.length - 1)
  useEffect(() => {
    if (text === null) return
    const timer = setTimeout(() => onSearch(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, onSearch])

  const pick = (option: PickOption | undefined) => {
    if (!option) return
    setOpen(false)
    setText(null)
    onSearch('')
    onPick(option)
  }
  const close = () => {
    setOpen(false)
    setText(null)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (open && options.length > 0) setCursor((active + step + options.length) % options.length)
    }
    if (event.key === 'Enter' && open && options.length > 0) {
      event.preventDefault()
      pick(options[active])
    }
    if (event.key === 'Escape' && open) {
      event.stopPropagation()
      close()
    }
  }

  return (
    <div className="relative min-w-0">
      <label htmlFor={ids} className={hideLabel ? 'sr-only' : 'mb-1 block font-medium'}>
        {label}
      </label>
      <span className="relative flex items-center">
        {Icon && <Icon size={14} aria-hidden className="pointer-events-none absolute left-2 text-muted" />}
        <input
          ref={input}
          id={ids}
          role="combobox"
          autoComplete="off"
          spellCheck={false}
          // The page's one purpose at that moment; nothing else could be meant.
          autoFocus={props.autoFocus}
          aria-expanded={open}
          aria-controls={`${ids}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && options[active] ? `${ids}-${options[active].id}` : undefined}
          placeholder={placeholder}
          value={text ?? picked}
          onChange={(event) => {
            setText(event.target.value)
            setCursor(0)
            setOpen(true)
          }}
          onFocus={(event) => event.target.select()}
          onClick={() => setOpen(true)}
          onBlur={close}
          onKeyDown={onKeyDown}
          className={classes(inputShape, Icon && 'pl-7')}
        />
      </span>
      <div
        id={`${ids}-list`}
        role="listbox"
        aria-label={label}
        hidden={!open}
        className="enter-pop absolute inset-x-0 top-full z-40 mt-1 max-h-80 overflow-y-auto rounded-card border border-border bg-surface p-1 shadow-floating"
      >
        {options.map((option, index) => (
          <Option
            key={option.id}
            option={option}
            heading={option.group !== options[index - 1]?.group ? option.group : undefined}
            domId={`${ids}-${option.id}`}
            active={index === active}
            onPick={() => pick(option)}
          />
        ))}
        {options.length === 0 && (
          <p role="option" aria-selected="false" aria-disabled className="px-2 py-1 text-muted">
            {t(
              isSearching
                ? 'palette.searching'
                : isFailed
                  ? 'pick.failed'
                  : text
                    ? 'palette.nothing'
                    : 'pick.typeToSearch',
            )}
          </p>
        )}
      </div>
    </div>
  )
}

type OptionProps = { option: PickOption; heading?: string; domId: string; active: boolean; onPick: () => void }

function Option({ option, heading, domId, active, onPick }: OptionProps) {
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (active) element.current?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    <>
      {heading && (
        <p role="presentation" className="px-2 pt-1.5 pb-0.5 text-11 text-muted">
          {heading}
        </p>
      )}
      <div
        ref={element}
        id={domId}
        role="option"
        aria-selected={active}
        // The field keeps the focus, so that leaving it can close the list.
        onMouseDown={(event) => event.preventDefault()}
        onClick={onPick}
        className={classes(
          'flex min-h-7 cursor-default items-center gap-3 rounded-control px-2 max-md:min-h-10',
          active ? 'bg-surface-2' : 'hover:bg-surface-2',
        )}
      >
        <span className="min-w-0 flex-1 truncate">{option.label}</span>
        {option.detail && <span className="min-w-0 shrink-0 truncate text-11 text-muted">{option.detail}</span>}
      </div>
    </>
  )
}

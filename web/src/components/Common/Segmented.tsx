import type { LucideIcon } from 'lucide-react'
import { type KeyboardEvent, useRef } from 'react'
import { useChosenInSight } from '@/hooks/useChosenInSight'
import { classes } from './classes'

type Choice = { value: string; label: string; icon?: LucideIcon }
type Props = { label: string; value: string; choices: readonly Choice[]; onChange: (value: string) => void }

/** One of a few, side by side; a radio group to the keyboard. */
export function Segmented({ label, value, choices, onChange }: Props) {
  const group = useRef<HTMLDivElement>(null)
  useChosenInSight(group, value)
  const moveBy = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    const index = choices.findIndex((choice) => choice.value === value)
    const next = choices[(index + step + choices.length) % choices.length]
    if (!next) return
    onChange(next.value)
    group.current?.querySelector<HTMLElement>(`[data-choice="${next.value}"]`)?.focus()
  }
  return (
    <div
      ref={group}
      role="radiogroup"
      aria-label={label}
      onKeyDown={moveBy}
      className="inline-flex w-fit max-w-full shrink-0 overflow-x-auto rounded-control border border-border bg-surface p-px"
    >
      {choices.map(({ value: choice, label: name, icon: Icon }) => (
        // Radios of our own shape: native ones cannot be drawn as one strip with icons.
        <button
          key={choice}
          type="button"
          role="radio"
          data-choice={choice}
          aria-checked={choice === value}
          tabIndex={choice === value ? 0 : -1}
          onClick={() => onChange(choice)}
          className={classes(
            'inline-flex h-6.5 shrink-0 items-center gap-1.5 rounded-control px-2 whitespace-nowrap max-md:h-8.5',
            choice === value ? 'bg-surface-2 font-medium text-text' : 'text-muted hover:text-text',
          )}
        >
          {Icon && <Icon size={14} aria-hidden />}
          {name}
        </button>
      ))}
    </div>
  )
}

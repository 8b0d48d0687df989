import { ChevronDown } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { classes } from './classes'

type Option = { value: string; label: string }
type Props = {
  label: string
  value: string
  options: Option[]
  onChange: (value: string) => void
  hideLabel?: boolean
  icon?: ReactNode
  className?: string
}

/** The browser's own select: right on phones, and with every screen reader. */
export function Select({ label, value, options, onChange, hideLabel, icon, className }: Props) {
  const id = useId()
  return (
    <div className={classes('flex min-w-0 items-center gap-1.5', className)}>
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'shrink-0 text-muted'}>
        {label}
      </label>
      <span className="relative flex min-w-0 items-center">
        {icon && <span className="pointer-events-none absolute left-2 text-muted">{icon}</span>}
        <select
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={classes(
            'h-7 max-w-48 min-w-0 appearance-none truncate rounded-control border border-border bg-surface pr-6 hover:bg-surface-2 max-md:h-9 max-md:max-w-36',
            icon ? 'pl-7' : 'pl-2',
          )}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <ChevronDown size={13} aria-hidden className="pointer-events-none absolute right-2 text-muted" />
      </span>
    </div>
  )
}

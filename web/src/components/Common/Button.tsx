import type { LucideIcon } from 'lucide-react'
import { type ButtonHTMLAttributes, type ComponentProps, forwardRef } from 'react'
import { Link } from 'react-router'
import { useDelayed } from '@/hooks/useDelayed'
import { classes } from './classes'
import { Tooltip } from './Tooltip'

const SPINS_AFTER_MS = 400

type Variant = 'primary' | 'plain' | 'quiet' | 'danger'

const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent text-accent-fg border-transparent hover:brightness-110',
  plain: 'bg-surface text-text border-border hover:bg-surface-2',
  quiet: 'bg-transparent text-muted border-transparent hover:bg-surface-2 hover:text-text',
  danger: 'bg-surface text-critical border-border hover:bg-surface-2',
}

const shape = (variant: Variant) =>
  classes(
    'inline-flex h-7 shrink-0 items-center justify-center gap-1.5 rounded-control border px-2.5 text-13 font-medium whitespace-nowrap select-none max-md:h-9',
    'transition-[background-color,filter] duration-100 disabled:cursor-not-allowed disabled:opacity-50',
    VARIANTS[variant],
  )

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { variant?: Variant; icon?: LucideIcon; busy?: boolean }

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { variant = 'plain', icon: Icon, busy, className, children, disabled, type = 'button', ...rest },
  ref,
) {
  return (
    <button
      {...rest}
      ref={ref}
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={classes(shape(variant), className)}
    >
      {Icon && <Icon size={14} aria-hidden className={busy ? 'animate-spin' : undefined} />}
      {children}
    </button>
  )
})

type LinkButtonProps = ComponentProps<typeof Link> & { variant?: Variant; icon?: LucideIcon }

export function LinkButton({ variant = 'plain', icon: Icon, className, children, ...rest }: LinkButtonProps) {
  return (
    <Link {...rest} className={classes(shape(variant), className)}>
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </Link>
  )
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> & {
  label: string
  icon: LucideIcon
  keys?: string
  spinning?: boolean
}

/** A button that is only an icon: its label is read out and shown as a tooltip. */
export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(
  { label, icon: Icon, keys, spinning, className, ...rest },
  ref,
) {
  // What is over in a moment need not turn: each turn draws the whole page anew.
  const turns = useDelayed(Boolean(spinning), SPINS_AFTER_MS)
  return (
    <Tooltip text={label} keys={keys}>
      <button
        type="button"
        {...rest}
        ref={ref}
        aria-label={label}
        className={classes(
          'inline-flex size-7 shrink-0 items-center justify-center rounded-control text-muted hover:bg-surface-2 hover:text-text max-md:size-9',
          'disabled:cursor-not-allowed disabled:opacity-50',
          className,
        )}
      >
        <Icon size={16} aria-hidden className={turns ? 'animate-spin' : undefined} />
      </button>
    </Tooltip>
  )
})

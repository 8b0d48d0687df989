import { classes } from './classes'

type Props = { label: string; checked: boolean; busy?: boolean; disabled?: boolean; onChange: (on: boolean) => void }

/** On or off, at once. Its place and fill say which, so that colour is not alone. */
export function Switch({ label, checked, busy, disabled, onChange }: Props) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      aria-label={label}
      aria-busy={busy || undefined}
      disabled={disabled || busy}
      onClick={(event) => {
        event.stopPropagation()
        onChange(!checked)
      }}
      className={classes(
        'inline-flex h-4.5 w-8 shrink-0 items-center rounded-full border px-0.5 align-middle transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-50',
        checked ? 'justify-end border-accent bg-accent' : 'justify-start border-muted bg-surface',
      )}
    >
      <span aria-hidden className={classes('size-3 rounded-full', checked ? 'bg-accent-fg' : 'bg-muted')} />
    </button>
  )
}

import { ChevronDown } from 'lucide-react'
import {
  forwardRef,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import { classes } from './classes'
import { inputShape } from './Field'

type Described = { label: string; hint?: ReactNode; error?: string }

function Notes({ id, hint, error }: { id: string; hint?: ReactNode; error?: string }) {
  return (
    <>
      {error && (
        <p id={`${id}-error`} className="mt-1 text-critical">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-muted">
          {hint}
        </p>
      )}
    </>
  )
}

const describedBy = (id: string, { hint, error }: Pick<Described, 'hint' | 'error'>) =>
  classes(error && `${id}-error`, hint ? `${id}-hint` : null) || undefined

type SelectFieldProps = SelectHTMLAttributes<HTMLSelectElement> &
  Described & { options: { value: string; label: string; disabled?: boolean }[] }

/** A choice in a form: label above, as `Field`. */
export const SelectField = forwardRef<HTMLSelectElement, SelectFieldProps>(function SelectField(
  { label, hint, error, options, className, ...rest },
  ref,
) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      <span className="relative flex items-center">
        <select
          {...rest}
          ref={ref}
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={describedBy(id, { hint, error })}
          className={classes(inputShape, 'appearance-none truncate pr-7')}
        >
          {options.map(({ value, label: name, disabled }) => (
            <option key={value} value={value} disabled={disabled}>
              {name}
            </option>
          ))}
        </select>
        <ChevronDown size={13} aria-hidden className="pointer-events-none absolute right-2.5 text-muted" />
      </span>
      <Notes id={id} hint={hint} error={error} />
    </div>
  )
})

type TextAreaProps = TextareaHTMLAttributes<HTMLTextAreaElement> & Described & { mono?: boolean }

export const TextArea = forwardRef<HTMLTextAreaElement, TextAreaProps>(function TextArea(
  { label, hint, error, mono, className, rows = 4, ...rest },
  ref,
) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      <textarea
        {...rest}
        ref={ref}
        id={id}
        rows={rows}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, { hint, error })}
        className={classes(
          'w-full rounded-control border border-border bg-surface px-2.5 py-1.5 aria-invalid:border-critical',
          mono && 'font-mono text-11',
        )}
      />
      <Notes id={id} hint={hint} error={error} />
    </div>
  )
})

type CheckboxProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> & { label: ReactNode; hint?: ReactNode }

/** A box to tick, its label beside it; the whole line can be clicked. */
export const Checkbox = forwardRef<HTMLInputElement, CheckboxProps>(function Checkbox(
  { label, hint, className, ...rest },
  ref,
) {
  const id = useId()
  return (
    <div className={classes('flex items-start gap-2 max-md:min-h-9', className)}>
      <input
        {...rest}
        ref={ref}
        id={id}
        type="checkbox"
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.75 size-3.5 shrink-0 accent-accent disabled:cursor-not-allowed"
      />
      <span className="min-w-0">
        <label htmlFor={id} className={classes('break-words', rest.disabled && 'text-muted')}>
          {label}
        </label>
        {hint && (
          <span id={`${id}-hint`} className="block text-muted">
            {hint}
          </span>
        )}
      </span>
    </div>
  )
})

type RadioCardProps = InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string }

/** One of a few choices that want a word of explanation each. */
export const RadioCard = forwardRef<HTMLInputElement, RadioCardProps>(function RadioCard(
  { label, hint, className, ...rest },
  ref,
) {
  return (
    <label
      className={classes(
        'flex items-start gap-2 rounded-card border border-border p-2.5 hover:bg-surface-2 has-checked:border-accent',
        className,
      )}
    >
      <input {...rest} ref={ref} type="radio" className="mt-0.75 accent-accent" />
      <span>
        <span className="block font-medium">{label}</span>
        {hint && <span className="text-muted">{hint}</span>}
      </span>
    </label>
  )
})

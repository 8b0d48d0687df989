import { forwardRef, type InputHTMLAttributes, type ReactNode, useId } from 'react'
import { classes } from './classes'

export const inputShape =
  'h-8 w-full rounded-control border border-border bg-surface px-2.5 aria-invalid:border-critical max-md:h-10'

type Props = InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: ReactNode; error?: string; mono?: boolean }

/** Label above, help and error below; both are tied to the field for screen readers. */
export const Field = forwardRef<HTMLInputElement, Props>(function Field(
  { label, hint, error, mono, className, id: givenId, ...rest },
  ref,
) {
  const ownId = useId()
  const id = givenId ?? ownId
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      <input
        {...rest}
        ref={ref}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={classes(error && `${id}-error`, hint ? `${id}-hint` : null) || undefined}
        className={classes(inputShape, mono && 'font-mono')}
      />
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
    </div>
  )
})

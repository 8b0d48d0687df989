import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from './Button'
import { Field } from './Field'
import { Modal } from './Modal'
import { ProblemNote } from './ProblemNote'

type Props = {
  title: string
  description?: string
  /** The verb of what happens. */
  submitLabel: string
  cancelLabel?: string
  danger?: boolean
  busy?: boolean
  disabled?: boolean
  /** A failure that no field shows. */
  error?: Error | null
  wide?: boolean
  onSubmit: () => void
  onClose: () => void
  children?: ReactNode
}

/** A form in a dialog: its fields scroll, what to do stays in sight. */
export function FormDialog(props: Props) {
  const { t } = useTranslation()
  const { title, description, submitLabel, cancelLabel, danger, busy, disabled, error, wide, onSubmit, onClose } = props
  return (
    <Modal title={title} description={description} onClose={onClose} className={wide ? 'max-w-2xl!' : undefined}>
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          // A dialog may be opened from within another form of the page.
          event.stopPropagation()
          if (!busy && !disabled) onSubmit()
        }}
      >
        <div className="flex min-h-0 flex-col gap-4 overflow-y-auto px-4 pt-2 pb-4">
          {props.children}
          <ProblemNote error={error} />
        </div>
        <footer className="flex flex-wrap justify-end gap-2 border-t border-border px-4 py-3">
          <Button onClick={onClose}>{cancelLabel ?? t('action.cancel')}</Button>
          <Button variant={danger ? 'danger' : 'primary'} type="submit" disabled={disabled} busy={busy}>
            {submitLabel}
          </Button>
        </footer>
      </form>
    </Modal>
  )
}

type ConfirmProps = {
  title: string
  /** The effects, in words. */
  text: ReactNode
  confirmLabel: string
  /** Has to be typed before anything happens, for what cannot be taken back. */
  typeName?: string
  danger?: boolean
  mutation: { isPending: boolean; error: Error | null }
  onConfirm: () => void
  onClose: () => void
}

/** Names what will happen to which thing, and asks. */
export function ConfirmDialog(props: ConfirmProps) {
  const { t } = useTranslation()
  const { title, text, confirmLabel, typeName, danger = true, mutation, onConfirm, onClose } = props
  const [typed, setTyped] = useState('')
  return (
    <FormDialog
      title={title}
      submitLabel={confirmLabel}
      danger={danger}
      busy={mutation.isPending}
      disabled={typeName !== undefined && typed !== typeName}
      error={mutation.error}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      <div>{text}</div>
      {typeName !== undefined && (
        <Field
          label={t('action.typeName', { name: typeName })}
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </FormDialog>
  )
}

import { useTranslation } from 'react-i18next'
import { Button } from './Button'
import { CopyButton } from './Copy'
import { Modal } from './Modal'
import { Strip } from './States'

/** An exact value to take over into another program. */
export function CopyLine({ label, value, secret }: { label: string; value: string; secret?: boolean }) {
  const { t } = useTranslation()
  return (
    <div>
      <p className="mb-1 font-medium">{label}</p>
      <div className="flex items-center gap-1 rounded-control border border-border bg-bg py-0.5 pr-0.5 pl-2.5">
        <code className="min-w-0 flex-1 font-mono text-11 break-all" data-secret={secret || undefined}>
          {value}
        </code>
        <CopyButton text={value} label={t('action.copyNamed', { name: label })} />
      </div>
    </div>
  )
}

type Props = { title: string; label: string; value: string; note?: string; onClose: () => void }

/** A secret that is shown this one time. Only the button closes it for good, so say so first. */
export function SecretDialog({ title, label, value, note, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Modal title={title} onClose={onClose}>
      <div className="flex flex-col gap-3 px-4 pt-2 pb-4">
        <Strip>{note ?? t('secret.once')}</Strip>
        <CopyLine label={label} value={value} secret />
        <Button variant="primary" className="self-end" onClick={onClose}>
          {t('secret.kept')}
        </Button>
      </div>
    </Modal>
  )
}

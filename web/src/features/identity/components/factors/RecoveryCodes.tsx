import { Download, Printer } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { CopyButton } from '@/components/Common/Copy'
import { saveFile } from '@/components/Common/download'
import { ConfirmDialog, FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { Strip } from '@/components/Common/States'
import { useRenewRecoveryCodes } from '@/features/identity/api/factors'

/** The codes, this one time: to be copied, printed or saved before the dialog can be finished. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation()
  const [kept, setKept] = useState(false)
  const text = codes.join('\n')
  return (
    <FormDialog
      title={t('factor.recoveryCodes')}
      submitLabel={t('action.done')}
      disabled={!kept}
      onSubmit={onClose}
      onClose={onClose}
    >
      <Strip>{t('factor.codesOnce')}</Strip>
      <ul
        aria-label={t('factor.recoveryCodes')}
        className="print-only grid grid-cols-2 gap-x-6 gap-y-1 rounded-control border border-border bg-bg p-3 font-mono"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap items-center gap-2">
        <CopyButton text={text} label={t('factor.copyCodes')} />
        <Button icon={Printer} onClick={() => window.print()}>
          {t('action.print')}
        </Button>
        <Button icon={Download} onClick={() => saveFile(t('factor.codesFile'), `${text}\n`)}>
          {t('action.download')}
        </Button>
      </div>
      <Checkbox label={t('factor.codesKept')} checked={kept} onChange={(event) => setKept(event.target.checked)} />
    </FormDialog>
  )
}

type RenewProps = { onClose: () => void; onDone: (codes: string[]) => void }

export function RenewRecoveryCodes({ onClose, onDone }: RenewProps) {
  const { t } = useTranslation()
  const renew = useRenewRecoveryCodes()
  return (
    <ConfirmDialog
      title={t('factor.renewCodes')}
      text={t('factor.renewText')}
      confirmLabel={t('factor.renewCodes')}
      danger={false}
      mutation={renew}
      onConfirm={() => renew.mutate(undefined, { onSuccess: ({ codes }) => onDone(codes) })}
      onClose={onClose}
    />
  )
}

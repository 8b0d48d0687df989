import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { SvgImage } from '@/components/Common/Qr'
import { CopyLine } from '@/components/Common/Secret'
import { useAddTotp, useConfirmTotp } from '@/features/identity/api/factors'
import { CodeField } from '../CodeField'

type Props = { onClose: () => void; onDone: (recoveryCodes: string[] | null) => void }

/** Sets up an authenticator app: a name, the drawing to scan (or its text), then a first code as proof. */
export function AddTotp({ onClose, onDone }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(t('factor.totpName'))
  const [code, setCode] = useState('')
  const [endOthers, setEndOthers] = useState(false)
  const begin = useAddTotp()
  const confirm = useConfirmTotp()
  const setup = begin.data
  if (!setup) {
    return (
      <FormDialog
        title={t('factor.addTotp')}
        description={t('factor.totpText')}
        submitLabel={t('signIn.continue')}
        disabled={!name.trim()}
        busy={begin.isPending}
        error={begin.error}
        onSubmit={() => begin.mutate(name.trim())}
        onClose={onClose}
      >
        <Field
          autoFocus
          label={t('factor.name')}
          hint={t('factor.nameHint')}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </FormDialog>
    )
  }
  return (
    <FormDialog
      title={t('factor.addTotp')}
      description={t('factor.scan')}
      submitLabel={t('factor.confirm')}
      disabled={!code.trim()}
      busy={confirm.isPending}
      error={confirm.error}
      onSubmit={() =>
        confirm.mutate(
          { id: setup.id, otp: code.trim(), endOthers },
          { onSuccess: ({ recovery_codes }) => onDone(recovery_codes ?? null) },
        )
      }
      onClose={onClose}
    >
      <div className="flex justify-center">
        <SvgImage svg={setup.qr_svg} label={t('factor.qr')} />
      </div>
      <CopyLine label={t('factor.secret')} value={setup.secret} secret />
      <CodeField kind="totp" value={code} onChange={setCode} />
      <Checkbox
        label={t('session.endOthersToo')}
        hint={t('session.endOthersHint')}
        checked={endOthers}
        onChange={(event) => setEndOthers(event.target.checked)}
      />
    </FormDialog>
  )
}

import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { useAddPasskey } from '@/features/identity/api/factors'

type Props = { onClose: () => void; onDone: (recoveryCodes: string[] | null) => void }

/** Registers a passkey: the browser asks the person, our server checks what it made. */
export function AddPasskey({ onClose, onDone }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(t('factor.passkeyName'))
  const [endOthers, setEndOthers] = useState(false)
  const add = useAddPasskey()
  return (
    <FormDialog
      title={t('factor.addPasskey')}
      description={t('factor.passkeySetup')}
      submitLabel={t('factor.createPasskey')}
      disabled={!name.trim()}
      busy={add.isPending}
      error={add.error}
      onSubmit={() =>
        add.mutate(
          { name: name.trim(), endOthers },
          { onSuccess: (added) => added && onDone(added.recovery_codes ?? null) },
        )
      }
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
      <Checkbox
        label={t('session.endOthersToo')}
        hint={t('session.endOthersHint')}
        checked={endOthers}
        onChange={(event) => setEndOthers(event.target.checked)}
      />
    </FormDialog>
  )
}

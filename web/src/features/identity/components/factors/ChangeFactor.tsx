import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { ConfirmDialog, FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { useRemoveFactor, useRenameFactor } from '@/features/identity/api/factors'
import type { Factor } from './FactorList'

type Props = { factor: Factor; onClose: () => void }

export function RenameFactor({ factor, onClose }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(factor.name)
  const rename = useRenameFactor()
  return (
    <FormDialog
      title={t('factor.renameNamed', { name: factor.name })}
      submitLabel={t('factor.rename')}
      disabled={!name.trim()}
      busy={rename.isPending}
      error={rename.error}
      onSubmit={() => rename.mutate({ id: factor.id, name: name.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('factor.name')}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  )
}

export function RemoveFactor({ factor, onClose }: Props) {
  const { t } = useTranslation()
  const remove = useRemoveFactor()
  const [endOthers, setEndOthers] = useState(false)
  return (
    <ConfirmDialog
      title={t('factor.removeNamed', { name: factor.name })}
      text={
        <div className="flex flex-col gap-3">
          <p>{t('factor.removeText')}</p>
          <Checkbox
            label={t('session.endOthersToo')}
            hint={t('session.endOthersHint')}
            checked={endOthers}
            onChange={(event) => setEndOthers(event.target.checked)}
          />
        </div>
      }
      confirmLabel={t('factor.removeNamed', { name: factor.name })}
      mutation={remove}
      onConfirm={() => remove.mutate({ id: factor.id, endOthers }, { onSuccess: onClose })}
      onClose={onClose}
    />
  )
}

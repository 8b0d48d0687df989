import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { Modal } from '@/components/Common/Modal'
import type { Account } from '@/types/api'
import { useRemoveAccount } from '../api'

type Props = { account: Account; onClose: () => void; onRemoved: () => void }

/** Says what removing does and asks for the name, since it cannot be undone. */
export function RemoveAccount({ account, onClose, onRemoved }: Props) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const remove = useRemoveAccount()
  return (
    <Modal
      title={t('account.removeTitle', { name: account.name })}
      description={t('account.removeText')}
      onClose={onClose}
    >
      <form
        className="flex flex-col gap-3 px-4 pt-2 pb-4"
        onSubmit={(event) => {
          event.preventDefault()
          remove.mutate(account.id, {
            onSuccess: () => {
              onClose()
              onRemoved()
            },
          })
        }}
      >
        <Field
          label={t('account.typeName', { name: account.name })}
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('action.keep')}</Button>
          <Button variant="danger" type="submit" disabled={typed !== account.name} busy={remove.isPending}>
            {t('account.removeFor', { name: account.name })}
          </Button>
        </div>
      </form>
    </Modal>
  )
}

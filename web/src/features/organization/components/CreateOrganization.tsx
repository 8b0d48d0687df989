import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { useCreateOrganization } from '../api/organization'

type Props = { onClose: () => void; onMade: (id: string) => void }

/** A new, empty organization that the person owns; the old ones stay as they are. */
export function CreateOrganization({ onClose, onMade }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const create = useCreateOrganization()
  return (
    <FormDialog
      title={t('organizations.create')}
      description={t('organizations.createText')}
      submitLabel={t('organizations.create')}
      disabled={!name.trim()}
      busy={create.isPending}
      error={create.error}
      onSubmit={() =>
        create.mutate(name.trim(), {
          onSuccess: ({ id }) => {
            onClose()
            onMade(id)
          },
        })
      }
      onClose={onClose}
    >
      <Field
        autoFocus
        label={t('apiKeys.name')}
        autoComplete="organization"
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  )
}

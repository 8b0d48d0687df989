import { zodResolver } from '@hookform/resolvers/zod'
import { FormProvider, useForm, useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { ApiProblem } from '@/services/problem'
import type { Account } from '@/types/api'
import { useUpdateAccount } from '../api'
import { type ConnectForm, changeOf, connectSchema, fieldOf, formOf } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'
import { CredentialFields, RegionFields } from './ConnectFields'
import { ReachFields } from './ReachFields'

/** Changes an existing account: its name and regions; of a connection also what it reads and with which credentials. */
export function EditAccount({ account, onClose }: { account: Account; onClose: () => void }) {
  const { t } = useTranslation()
  const form = useForm<ConnectForm>({
    resolver: zodResolver(connectSchema),
    defaultValues: formOf(account),
    mode: 'onTouched',
  })
  const update = useUpdateAccount(account.id)
  const showProblem = (error: Error) => {
    if (!(error instanceof ApiProblem)) return
    for (const { pointer, detail } of error.errors) {
      const field = fieldOf(pointer, form.getValues())
      if (field) form.setError(field, { type: 'server', message: detail })
    }
  }
  const save = form.handleSubmit((values) => {
    const change = changeOf(values, account)
    if (Object.keys(change).length === 0) onClose()
    else update.mutate(change, { onSuccess: onClose, onError: showProblem })
  })
  return (
    <FormProvider {...form}>
      <FormDialog
        wide
        title={t('account.editTitle', { name: account.name })}
        submitLabel={t('action.save')}
        busy={update.isPending}
        error={update.error}
        onSubmit={() => void save()}
        onClose={onClose}
      >
        <EditFields isFound={account.parent_id !== null} />
      </FormDialog>
    </FormProvider>
  )
}

/** What a found account has of its own; all else is its connection's. */
function EditFields({ isFound }: { isFound: boolean }) {
  const { t } = useTranslation()
  const { register, setValue } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const keeps = useWatch<ConnectForm, 'keepsCredentials'>({ name: 'keepsCredentials' })
  return (
    <>
      <Field
        autoFocus
        label={t('connect.name')}
        hint={t('connect.nameHint')}
        error={errorOf('name')}
        {...register('name')}
      />
      {!isFound && (
        <>
          <Checkbox
            label={t('account.newCredentials')}
            hint={t('account.newCredentialsHint')}
            checked={!keeps}
            onChange={(event) => setValue('keepsCredentials', !event.target.checked)}
          />
          {!keeps && <CredentialFields />}
          <ReachFields />
        </>
      )}
      <RegionFields isFound={isFound} />
    </>
  )
}

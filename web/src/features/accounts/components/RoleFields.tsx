import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { NativeId } from '@/components/Common/Copy'
import { Field } from '@/components/Common/Field'
import { useCreateExternalId } from '../api'
import type { ConnectForm } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'
import { GrantText } from './GrantText'

/** The safest way in: a role that trusts this installation under an external id made for this connection. */
export function RoleFields() {
  const { t } = useTranslation()
  const { register, setValue } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const externalId = useWatch<ConnectForm, 'externalId'>({ name: 'externalId' })
  const create = useCreateExternalId()
  return (
    <div className="flex flex-col gap-3">
      <div>
        <p className="mb-1 font-medium">{t('connect.externalId')}</p>
        {externalId ? (
          <NativeId id={externalId} length={60} />
        ) : (
          <Button
            busy={create.isPending}
            onClick={() =>
              create.mutate(undefined, {
                onSuccess: ({ external_id }) => setValue('externalId', external_id, { shouldValidate: true }),
              })
            }
          >
            {t('connect.createExternalId')}
          </Button>
        )}
        {errorOf('externalId') && (
          <p role="alert" className="mt-1 text-critical">
            {errorOf('externalId')}
          </p>
        )}
      </div>
      {create.data && <GrantText title={t('connect.trustPolicy')} document={create.data.trust_policy} />}
      <Field
        mono
        label={t('connect.roleArn')}
        hint={t('connect.roleArnHint')}
        placeholder="arn:aws:iam::123456789012:role/cloudops-read"
        error={errorOf('roleArn')}
        {...register('roleArn')}
      />
    </div>
  )
}

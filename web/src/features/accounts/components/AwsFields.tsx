import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import type { ConnectForm } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'
import { RoleFields } from './RoleFields'

/** AWS credentials. */
export function AwsFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const kind = useWatch<ConnectForm, 'kind'>({ name: 'kind' })
  if (kind === 'assume_role') return <RoleFields />
  if (kind !== 'access_key') return null
  return (
    <div className="flex flex-col gap-3">
      <Field
        mono
        label={t('connect.accessKeyId')}
        error={errorOf('accessKeyId')}
        autoComplete="off"
        {...register('accessKeyId')}
      />
      <Field
        mono
        type="password"
        label={t('connect.secretAccessKey')}
        error={errorOf('secretAccessKey')}
        autoComplete="off"
        {...register('secretAccessKey')}
      />
      <Field mono type="password" label={t('connect.sessionToken')} autoComplete="off" {...register('sessionToken')} />
    </div>
  )
}

import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { SelectField } from '@/components/Common/Inputs'
import { CLOUDS, type ConnectForm } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'
import { FileField } from './FileField'

/** The Azure application and how it proves itself. */
export function AzureFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const kind = useWatch<ConnectForm, 'kind'>({ name: 'kind' })
  return (
    <div className="flex flex-col gap-3">
      <SelectField
        label={t('connect.cloud')}
        options={CLOUDS.map((value) => ({ value, label: t(`connect.cloudName.${value}`) }))}
        error={errorOf('cloud')}
        {...register('cloud')}
      />
      {kind !== 'ambient' && (
        <>
          <Field
            mono
            label={t('connect.tenantId')}
            error={errorOf('tenantId')}
            autoComplete="off"
            {...register('tenantId')}
          />
          <Field
            mono
            label={t('connect.clientId')}
            error={errorOf('clientId')}
            autoComplete="off"
            {...register('clientId')}
          />
        </>
      )}
      {kind === 'client_secret' && (
        <Field
          mono
          type="password"
          label={t('connect.clientSecret')}
          error={errorOf('clientSecret')}
          autoComplete="off"
          {...register('clientSecret')}
        />
      )}
      {kind === 'certificate' && <CertificateFields />}
      {kind === 'federated' && (
        <Field
          mono
          label={t('connect.tokenFile')}
          hint={t('connect.tokenFileHint')}
          error={errorOf('tokenFile')}
          placeholder="/var/run/secrets/azure/tokens/azure-identity-token"
          {...register('tokenFile')}
        />
      )}
      {kind !== 'ambient' && (
        <Field
          mono
          label={t('connect.authorityUrl')}
          hint={t('connect.endpointHint')}
          error={errorOf('authorityUrl')}
          {...register('authorityUrl')}
        />
      )}
    </div>
  )
}

function CertificateFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  return (
    <>
      <FileField
        name="certificate"
        accept=".pem,.crt,.cer,.key"
        label={t('connect.certificate')}
        hint={t('connect.certificateHint')}
      />
      <Field
        mono
        type="password"
        label={t('connect.certificatePassword')}
        error={errorOf('certificatePassword')}
        autoComplete="off"
        {...register('certificatePassword')}
      />
    </>
  )
}

import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { RadioCard } from '@/components/Common/Inputs'
import { providerName } from '@/components/Common/Provider'
import { Segmented } from '@/components/Common/Segmented'
import { type CloudName, type ConnectForm, KINDS, REACHES } from '../connectRules'
import { useFieldErrors } from '../hooks/useFieldErrors'
import { AwsFields } from './AwsFields'
import { AzureFields } from './AzureFields'
import { GoogleFields } from './GoogleFields'
import { ReachFields } from './ReachFields'

const CLOUD_NAMES: readonly CloudName[] = ['aws', 'gcp', 'azure']
const FIELDS = { aws: AwsFields, gcp: GoogleFields, azure: AzureFields }

/** What a connection needs, by the cloud and the kind of credentials. */
export function ConnectFields() {
  const { t } = useTranslation()
  const { register, setValue, clearErrors } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const provider = useWatch<ConnectForm, 'provider'>({ name: 'provider' })
  const choose = (next: CloudName) => {
    setValue('provider', next)
    setValue('kind', KINDS[next][0])
    setValue('reach', REACHES[next][0])
    clearErrors()
  }
  return (
    <div className="flex flex-col gap-4">
      <Segmented
        label={t('resource.provider')}
        value={provider}
        choices={CLOUD_NAMES.map((value) => ({ value, label: providerName(value) }))}
        onChange={(value) => choose(value as CloudName)}
      />
      <Field
        autoFocus
        label={t('connect.name')}
        hint={t('connect.nameHint')}
        error={errorOf('name')}
        {...register('name')}
      />
      <CredentialFields />
      <ReachFields />
      <p className="text-muted">{t(`connect.prepare.${provider}`)}</p>
      <MoreFields />
    </div>
  )
}

/** The kind of credentials, and what this kind consists of. */
export function CredentialFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const provider = useWatch<ConnectForm, 'provider'>({ name: 'provider' })
  const CloudFields = FIELDS[provider]
  return (
    <>
      <fieldset>
        <legend className="mb-1 font-medium">{t('connect.kind')}</legend>
        <div className="grid gap-2 md:grid-cols-2">
          {KINDS[provider].map((value) => (
            <RadioCard
              key={value}
              value={value}
              label={t(`credentials.${value}`)}
              hint={t(`credentialsHint.${value}`)}
              {...register('kind')}
            />
          ))}
        </div>
      </fieldset>
      <CloudFields />
    </>
  )
}

function MoreFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  return (
    <details className="rounded-card border border-border px-3 py-2">
      <summary className="font-medium">{t('connect.more')}</summary>
      <div className="flex flex-col gap-3 pt-3 pb-1">
        <RegionFields />
        <Field
          mono
          label={t('connect.endpoint')}
          hint={t('connect.endpointHint')}
          error={errorOf('endpointUrl')}
          {...register('endpointUrl')}
        />
      </div>
    </details>
  )
}

/** Which regions are read. A found account has only excluded ones of its own. */
export function RegionFields({ isFound = false }: { isFound?: boolean }) {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  return (
    <>
      {!isFound && (
        <Field
          mono
          label={t('connect.regions')}
          hint={t('connect.regionsHint')}
          placeholder="eu-central-1, us-east-1"
          error={errorOf('regions')}
          {...register('regions')}
        />
      )}
      <Field
        mono
        label={t('connect.excludedRegions')}
        hint={t('connect.excludedRegionsHint')}
        error={errorOf('excludedRegions')}
        {...register('excludedRegions')}
      />
    </>
  )
}

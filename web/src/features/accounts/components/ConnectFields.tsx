import { useFormContext, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { useFieldErrors } from '../hooks/useFieldErrors'
import type { ConnectForm } from '../rules'
import { RoleFields } from './RoleFields'

const KINDS = ['assume_role', 'access_key', 'ambient'] as const

/** What a connection needs, by the kind of credentials. */
export function ConnectFields() {
  const { t } = useTranslation()
  const { register } = useFormContext<ConnectForm>()
  const errorOf = useFieldErrors()
  const kind = useWatch<ConnectForm, 'kind'>({ name: 'kind' })
  return (
    <div className="flex flex-col gap-4">
      <Field label={t('connect.name')} hint={t('connect.nameHint')} error={errorOf('name')} {...register('name')} />
      <fieldset>
        <legend className="mb-1 font-medium">{t('connect.kind')}</legend>
        <div className="grid gap-2 md:grid-cols-3">
          {KINDS.map((value) => (
            <label
              key={value}
              className="flex items-start gap-2 rounded-card border border-border p-2.5 hover:bg-surface-2 has-checked:border-accent"
            >
              <input type="radio" value={value} className="mt-0.5 accent-accent" {...register('kind')} />
              <span>
                <span className="block font-medium">{t(`credentials.${value}`)}</span>
                <span className="text-muted">{t(`credentialsHint.${value}`)}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {kind === 'assume_role' && <RoleFields />}
      {kind === 'access_key' && (
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
          <Field
            mono
            type="password"
            label={t('connect.sessionToken')}
            autoComplete="off"
            {...register('sessionToken')}
          />
        </div>
      )}
      <details className="rounded-card border border-border px-3 py-2">
        <summary className="font-medium">{t('connect.more')}</summary>
        <div className="flex flex-col gap-3 pt-3 pb-1">
          <Field
            mono
            label={t('connect.regions')}
            hint={t('connect.regionsHint')}
            placeholder="eu-central-1, us-east-1"
            error={errorOf('regions')}
            {...register('regions')}
          />
          <Field
            mono
            label={t('connect.endpoint')}
            hint={t('connect.endpointHint')}
            error={errorOf('endpointUrl')}
            {...register('endpointUrl')}
          />
        </div>
      </details>
    </div>
  )
}

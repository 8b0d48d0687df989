import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { SelectField, TextArea } from '@/components/Common/Inputs'
import { type ErrorKey, type Kind, type ProviderForm, SIGNING } from '../rules'

type Props = {
  kind: Kind
  form: ProviderForm
  errors: Partial<Record<keyof ProviderForm, ErrorKey>>
  hasSecret: boolean
  onChange: (form: ProviderForm) => void
}

/** What has to be taken over from the provider's own pages. */
export function ProviderFields({ kind, form, errors, hasSecret, onChange }: Props) {
  const { t } = useTranslation()
  const field = (name: keyof ProviderForm) => {
    const error = errors[name]
    return {
      value: form[name],
      error: error && t(`sso.error.${error}`),
      onChange: (event: { target: { value: string } }) => onChange({ ...form, [name]: event.target.value }),
    }
  }
  const text = (name: keyof ProviderForm) => ({
    mono: true,
    autoComplete: 'off',
    label: t(`sso.field.${name}` as 'sso.field.issuer'),
    ...field(name),
  })
  return (
    <>
      <Field autoFocus label={t('apiKeys.name')} hint={t('sso.nameHint')} maxLength={200} {...field('name')} />
      {kind === 'oidc' ? (
        <>
          <Field {...text('issuer')} placeholder="https://login.example.com" hint={t('sso.issuerHint')} />
          <Field {...text('client_id')} />
          <Field
            {...text('secret')}
            type="password"
            autoComplete="new-password"
            hint={hasSecret ? t('sso.secretKept') : undefined}
          />
          <details>
            <summary className="text-muted">{t('sso.more')}</summary>
            <div className="mt-3 flex flex-col gap-4">
              <Field {...text('groups_claim')} hint={t('sso.groupsHint')} />
              <SelectField
                label={t('sso.field.subject_claim')}
                hint={t('sso.subjectHint')}
                options={['sub', 'oid'].map((value) => ({ value, label: value }))}
                {...field('subject_claim')}
              />
              <SelectField
                label={t('sso.field.signing_algorithm')}
                options={SIGNING.map((value) => ({ value, label: value }))}
                {...field('signing_algorithm')}
              />
              <SelectField
                label={t('sso.field.token_auth')}
                options={['client_secret_basic', 'client_secret_post'].map((value) => ({ value, label: value }))}
                {...field('token_auth')}
              />
            </div>
          </details>
        </>
      ) : (
        <>
          <Field {...text('entity_id')} />
          <Field {...text('sso_url')} placeholder="https://login.example.com/saml/sso" />
          <TextArea
            mono
            rows={6}
            label={t('sso.field.certificates')}
            hint={t('sso.certificatesHint')}
            placeholder="-----BEGIN CERTIFICATE-----"
            {...field('certificates')}
          />
          <details>
            <summary className="text-muted">{t('sso.more')}</summary>
            <div className="mt-3 flex flex-col gap-4">
              <Field {...text('email_attribute')} />
              <Field {...text('name_attribute')} />
              <Field {...text('groups_attribute')} hint={t('sso.groupsHint')} />
            </div>
          </details>
        </>
      )}
    </>
  )
}

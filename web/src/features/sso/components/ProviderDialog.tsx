import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/Common/FormDialog'
import { RadioCard } from '@/components/Common/Inputs'
import type { IdentityProvider } from '@/types/api'
import { useCreateProvider, useUpdateProvider } from '../api'
import { configOf, formOf, type Kind, problemsOf } from '../rules'
import { ProviderFields } from './ProviderFields'

type Props = { provider: IdentityProvider | null; onClose: () => void; onMade?: (id: string) => void }

const KINDS: Kind[] = ['oidc', 'saml']

/** A new provider, or new values for one. It is made switched off: first the other side, then a test, then on. */
export function ProviderDialog({ provider, onClose, onMade }: Props) {
  const { t } = useTranslation()
  const [kind, setKind] = useState<Kind>(provider?.kind ?? 'oidc')
  const [form, setForm] = useState(() => formOf(provider))
  const [tried, setTried] = useState(false)
  const create = useCreateProvider()
  const update = useUpdateProvider()
  const errors = problemsOf(kind, form, provider === null)
  const submit = () => {
    setTried(true)
    if (Object.keys(errors).length > 0) return
    const base = {
      name: form.name.trim(),
      config: configOf(kind, form, provider?.config ?? {}),
      ...(kind === 'oidc' && form.secret ? { secret: form.secret } : {}),
    }
    if (provider) update.mutate({ id: provider.id, body: base }, { onSuccess: onClose })
    else create.mutate({ kind, ...base }, { onSuccess: ({ id }) => onMade?.(id) })
  }
  return (
    <FormDialog
      wide
      title={provider ? t('roles.editNamed', { name: provider.name }) : t('sso.create')}
      description={provider ? undefined : t('sso.createText')}
      submitLabel={provider ? t('action.save') : t('sso.create')}
      busy={create.isPending || update.isPending}
      error={create.error ?? update.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {!provider && (
        <fieldset>
          <legend className="mb-1 font-medium">{t('sso.kind')}</legend>
          <div className="grid gap-2 md:grid-cols-2">
            {KINDS.map((value) => (
              <RadioCard
                key={value}
                name="kind"
                label={t(`sso.kinds.${value}`)}
                hint={t(`sso.kindHint.${value}`)}
                checked={kind === value}
                onChange={() => setKind(value)}
              />
            ))}
          </div>
        </fieldset>
      )}
      <ProviderFields
        key={kind}
        kind={kind}
        form={form}
        errors={tried ? errors : {}}
        hasSecret={provider?.secret.set ?? false}
        onChange={setForm}
      />
    </FormDialog>
  )
}

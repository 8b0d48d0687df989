import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Field } from '@/components/Common/Field'
import { FormDialog } from '@/components/Common/FormDialog'
import { RadioCard, SelectField } from '@/components/Common/Inputs'
import type { Account, MetricSource } from '@/types/api'
import { useSaveSource } from '../api'
import { CLOUD_GRANTS } from '../setups'
import { bodyOf, changeOf, formOf, INTERVALS, KINDS, problemsOf } from '../sourceForm'
import { SetUpText } from './SetUpText'

type Props = { source: MetricSource | null; accounts: Account[]; onClose: () => void }

/** A cloud to poll or a server to ask, new or changed. What is secret is only written. */
export function SourceForm({ source, accounts, onClose }: Props) {
  const { t } = useTranslation()
  const clouds = accounts.filter(({ parent_id }) => parent_id === null)
  const [form, setForm] = useState(() => formOf(source, clouds[0]?.id ?? ''))
  const [tried, setTried] = useState(false)
  const save = useSaveSource()
  const problems = problemsOf(form)
  const errorOf = (field: (typeof problems)[number]) =>
    tried && problems.includes(field) ? t(`integration.error.${field}`) : undefined
  const change = (fields: Partial<typeof form>) => setForm({ ...form, ...fields })
  const provider = clouds.find(({ id }) => id === form.accountId)?.provider
  return (
    <FormDialog
      wide
      title={source ? t('integration.editNamed', { name: source.name }) : t('integration.add')}
      submitLabel={t(source ? 'action.save' : 'integration.add')}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => {
        setTried(true)
        if (problems.length > 0) return
        const saved = source ? { id: source.id, body: changeOf(form) } : ({ id: null, body: bodyOf(form) } as const)
        save.mutate(saved, { onSuccess: onClose })
      }}
      onClose={onClose}
    >
      {!source && (
        <fieldset>
          <legend className="mb-1 font-medium">{t('integration.kind')}</legend>
          <div className="grid gap-2 md:grid-cols-2">
            {KINDS.map((kind) => (
              <RadioCard
                key={kind}
                name="kind"
                label={t(`integration.kindName.${kind}`)}
                hint={t(`integration.kindHint.${kind}`)}
                checked={form.kind === kind}
                onChange={() => change({ kind })}
              />
            ))}
          </div>
        </fieldset>
      )}
      <Field
        autoFocus
        label={t('apiKeys.name')}
        maxLength={200}
        value={form.name}
        error={errorOf('name')}
        onChange={(event) => change({ name: event.target.value })}
      />
      {form.kind === 'cloud' ? (
        <>
          {!source && (
            <SelectField
              label={t('account.one')}
              value={form.accountId}
              error={errorOf('accountId')}
              options={clouds.map(({ id, name }) => ({ value: id, label: name }))}
              onChange={(event) => change({ accountId: event.target.value })}
            />
          )}
          <SelectField
            label={t('integration.interval')}
            hint={t('integration.intervalHint')}
            value={String(form.intervalSeconds)}
            options={[...new Set([...INTERVALS, form.intervalSeconds])].map((seconds) => ({
              value: String(seconds),
              label: t('integration.minutes', { count: Math.round(seconds / 60) }),
            }))}
            onChange={(event) => change({ intervalSeconds: Number(event.target.value) })}
          />
          {provider && (
            <div>
              <p className="mb-1 font-medium">{t('integration.grant')}</p>
              <SetUpText label={t('integration.grant')} text={CLOUD_GRANTS[provider]} />
            </div>
          )}
        </>
      ) : (
        <>
          <Field
            mono
            label={t('integration.url')}
            hint={t('integration.urlHint')}
            placeholder="https://prometheus.example.com"
            value={form.url}
            error={errorOf('url')}
            onChange={(event) => change({ url: event.target.value })}
          />
          <div className="grid gap-4 md:grid-cols-2">
            <Field
              autoComplete="off"
              label={t('integration.username')}
              hint={t('integration.usernameHint')}
              value={form.username}
              onChange={(event) => change({ username: event.target.value })}
            />
            <Field
              type="password"
              autoComplete="new-password"
              label={t('integration.secret')}
              hint={t(source?.has_secret ? 'integration.secretKept' : 'integration.secretHint')}
              value={form.secret}
              onChange={(event) => change({ secret: event.target.value })}
            />
          </div>
          <Field
            label={t('integration.tenant')}
            hint={t('integration.tenantHint')}
            value={form.tenant}
            onChange={(event) => change({ tenant: event.target.value })}
          />
        </>
      )}
    </FormDialog>
  )
}

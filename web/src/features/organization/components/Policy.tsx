import type { PolicyRead, PolicyUpdate } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { Checkbox } from '@/components/Common/Inputs'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { policyQuery, useReplacePolicy } from '../api/organization'
import { type NumberField, policyProblems } from '../rules'

/** A role as the policy names it: built-in ones by name, custom ones by id. */
export type PolicyRole = { key: string; name: string }

/** How members may sign in: who needs a second factor, and how long sessions live. */
export function Policy({ roles }: { roles: PolicyRole[] }) {
  const { t } = useTranslation()
  const query = useQuery({ ...policyQuery(), enabled: useCan('organization:read') })
  return (
    <Card title={t('policy.title')}>
      <QueryState query={query} permission="organization:read" skeleton={<SkeletonRows rows={5} />}>
        {(policy) => <PolicyForm key={JSON.stringify(policy)} policy={policy} roles={roles} />}
      </QueryState>
    </Card>
  )
}

const NUMBERS: NumberField[] = ['mfa_grace_days', 'web_idle_minutes', 'web_absolute_hours', 'native_idle_days']

function PolicyForm({ policy, roles }: { policy: PolicyRead; roles: PolicyRole[] }) {
  const { t } = useTranslation()
  const mayChange = useCan('organization:write')
  const replace = useReplacePolicy()
  const [required, setRequired] = useState(policy.mfa_required_roles)
  const [sso, setSso] = useState(policy.sso_required)
  const [texts, setTexts] = useState(
    () => Object.fromEntries(NUMBERS.map((name) => [name, String(policy[name])])) as Record<NumberField, string>,
  )
  const problems = policyProblems(texts)
  const submit = () => {
    if (Object.keys(problems).length > 0) return
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number(texts[name])])) as Record<
      NumberField,
      number
    >
    const body: PolicyUpdate = {
      ...numbers,
      mfa_required_roles: required as PolicyUpdate['mfa_required_roles'],
      sso_required: sso,
    }
    replace.mutate(body, { onSuccess: () => toast({ kind: 'ok', text: t('policy.saved') }) })
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4 pt-1"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <fieldset disabled={!mayChange}>
        <legend className="mb-1 font-medium">{t('policy.mfa')}</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          {roles.map(({ key, name }) => (
            <Checkbox
              key={key}
              label={name}
              disabled={!mayChange}
              checked={required.includes(key)}
              onChange={(event) =>
                setRequired(event.target.checked ? [...required, key] : required.filter((item) => item !== key))
              }
            />
          ))}
        </div>
      </fieldset>
      <div className="grid gap-4 md:grid-cols-2">
        {NUMBERS.map((name) => (
          <Field
            key={name}
            type="number"
            inputMode="numeric"
            readOnly={!mayChange}
            label={t(`policy.field.${name}`)}
            hint={t(`policy.hint.${name}`)}
            value={texts[name]}
            error={problems[name] && t('policy.range', problems[name])}
            onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
          />
        ))}
      </div>
      <Checkbox
        label={t('policy.sso')}
        hint={t('policy.ssoHint')}
        disabled={!mayChange}
        checked={sso}
        onChange={(event) => setSso(event.target.checked)}
      />
      <ProblemNote error={replace.error} />
      {mayChange && (
        <Button variant="primary" type="submit" className="self-start" busy={replace.isPending}>
          {t('policy.save')}
        </Button>
      )}
    </form>
  )
}

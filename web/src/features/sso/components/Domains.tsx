import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { CopyLine } from '@/components/Common/Secret'
import { Section } from '@/components/Common/SidePanel'
import { toast } from '@/services/toasts'
import type { IdentityProvider } from '@/types/api'
import { useAddDomain, useRemoveDomain, useVerifyDomain } from '../api'

/** Only addresses of proven domains are believed when this provider names them. */
export function Domains({ provider }: { provider: IdentityProvider }) {
  const { t } = useTranslation()
  const [domain, setDomain] = useState('')
  const add = useAddDomain()
  const verify = useVerifyDomain()
  const remove = useRemoveDomain()
  const { id, domains } = provider
  return (
    <Section title={t('sso.domains')}>
      <p className="mb-2 text-muted">{t('sso.domainsText')}</p>
      <ul className="flex flex-col gap-3">
        {domains.map(({ domain: name, verified_at, record }) => (
          <li key={name} className="flex flex-col gap-2 rounded-control border border-border p-2.5">
            <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
              <Badge tone={verified_at ? 'ok' : 'warning'}>{t(verified_at ? 'sso.proven' : 'sso.unproven')}</Badge>
              {!verified_at && (
                <Button
                  variant="primary"
                  aria-label={t('sso.verifyNamed', { name })}
                  busy={verify.isPending && verify.variables?.domain === name}
                  onClick={() =>
                    verify.mutate(
                      { id, domain: name },
                      { onSuccess: () => toast({ kind: 'ok', text: t('sso.provenNamed', { name }) }) },
                    )
                  }
                >
                  {t('sso.verify')}
                </Button>
              )}
              <Button
                variant="danger"
                aria-label={t('sso.removeDomain', { name })}
                busy={remove.isPending && remove.variables?.domain === name}
                onClick={() => remove.mutate({ id, domain: name })}
              >
                {t('action.remove')}
              </Button>
            </span>
            {!verified_at && <CopyLine label={t('sso.record')} value={record} />}
          </li>
        ))}
      </ul>
      <div className="mt-2">
        <ProblemNote error={verify.error ?? remove.error} />
      </div>
      <form
        noValidate
        className="mt-2 flex flex-wrap items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (domain.trim()) add.mutate({ id, domain: domain.trim() }, { onSuccess: () => setDomain('') })
        }}
      >
        <Field
          className="min-w-40 flex-1"
          label={t('sso.newDomain')}
          placeholder="example.com"
          autoComplete="off"
          value={domain}
          onChange={(event) => setDomain(event.target.value)}
        />
        <Button type="submit" className="h-8! max-md:h-10!" disabled={!domain.trim()} busy={add.isPending}>
          {t('action.add')}
        </Button>
        <ProblemNote error={add.error} />
      </form>
    </Section>
  )
}

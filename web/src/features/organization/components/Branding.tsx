import type { BrandingRead } from '@cloudops/api-client'
import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { Field } from '@/components/Common/Field'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { CopyLine } from '@/components/Common/Secret'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { isHexColor } from '@/services/colors'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import {
  brandingQuery,
  useRemoveLogo,
  useReplaceBranding,
  useUploadLogo,
  useVerifyBrandingDomain,
} from '../api/branding'
import { BrandingPreview } from './BrandingPreview'

/** The organization's own look on its pages and in its mails. */
export function Branding() {
  const { t } = useTranslation()
  const query = useQuery({ ...brandingQuery(), enabled: useCan('organization:read') })
  return (
    <QueryState
      query={query}
      permission="organization:read"
      skeleton={
        <Card>
          <SkeletonRows rows={6} />
        </Card>
      }
      partial={({ domain }) => (domain && !domain.verified_at ? t('branding.domainWaits') : null)}
    >
      {(branding) => <BrandingForm key={JSON.stringify(branding)} branding={branding} />}
    </QueryState>
  )
}

function BrandingForm({ branding }: { branding: BrandingRead }) {
  const { t } = useTranslation()
  const mayChange = useCan('organization:write')
  const [name, setName] = useState(branding.display_name ?? '')
  const [accent, setAccent] = useState(branding.accent ?? '')
  const [sender, setSender] = useState(branding.mail_sender_name ?? '')
  const [domain, setDomain] = useState(branding.custom_domain ?? '')
  const replace = useReplaceBranding()
  const accentProblem = accent && !isHexColor(accent) ? t('branding.accentError') : undefined
  return (
    <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
      <div className="flex flex-col gap-3">
        <Card title={t('branding.look')}>
          <form
            noValidate
            className="flex flex-col gap-4 pt-1"
            onSubmit={(event) => {
              event.preventDefault()
              if (accentProblem) return
              replace.mutate(
                {
                  display_name: name.trim() || null,
                  accent: accent || null,
                  mail_sender_name: sender.trim() || null,
                  custom_domain: domain.trim() || null,
                },
                { onSuccess: () => toast({ kind: 'ok', text: t('action.saved') }) },
              )
            }}
          >
            <Field
              label={t('branding.name')}
              hint={t('branding.nameHint')}
              maxLength={80}
              readOnly={!mayChange}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <div className="flex items-end gap-2">
              <Field
                mono
                className="flex-1"
                label={t('branding.accent')}
                placeholder="#1f5fd0"
                readOnly={!mayChange}
                value={accent}
                error={accentProblem}
                onChange={(event) => setAccent(event.target.value.trim())}
              />
              <input
                type="color"
                aria-label={t('branding.pickAccent')}
                disabled={!mayChange}
                value={isHexColor(accent) ? accent : '#1f5fd0'}
                onChange={(event) => setAccent(event.target.value)}
                className="h-8 w-12 rounded-control border border-border bg-surface p-0.5 max-md:h-10"
              />
              {accent && mayChange && (
                <Button className="h-8! max-md:h-10!" onClick={() => setAccent('')}>
                  {t('branding.usualAccent')}
                </Button>
              )}
            </div>
            <Field
              label={t('branding.sender')}
              hint={t('branding.senderHint')}
              maxLength={80}
              readOnly={!mayChange}
              value={sender}
              onChange={(event) => setSender(event.target.value)}
            />
            <Field
              mono
              label={t('branding.domain')}
              hint={t('branding.domainHint')}
              placeholder="clouds.example.com"
              readOnly={!mayChange}
              value={domain}
              onChange={(event) => setDomain(event.target.value)}
            />
            <ProblemNote error={replace.error} />
            {mayChange && (
              <Button variant="primary" type="submit" className="self-start" busy={replace.isPending}>
                {t('branding.save')}
              </Button>
            )}
          </form>
        </Card>
        {branding.domain && <DomainProof domain={branding.domain} mayChange={mayChange} />}
        {mayChange && <LogoCard logoUrl={branding.logo_url} />}
      </div>
      <BrandingPreview name={name || null} accent={isHexColor(accent) ? accent : null} logoUrl={branding.logo_url} />
    </div>
  )
}

type ProofProps = { domain: NonNullable<BrandingRead['domain']>; mayChange: boolean }

function DomainProof({ domain, mayChange }: ProofProps) {
  const { t } = useTranslation()
  const verify = useVerifyBrandingDomain()
  return (
    <Card
      title={t('branding.domain')}
      aside={
        <Badge tone={domain.verified_at ? 'ok' : 'warning'}>
          {t(domain.verified_at ? 'sso.proven' : 'sso.unproven')}
        </Badge>
      }
    >
      <div className="flex flex-col gap-3 pt-1">
        <CopyLine label={t('sso.record')} value={domain.record} />
        <ProblemNote error={verify.error} />
        {mayChange && !domain.verified_at && (
          <Button className="self-start" busy={verify.isPending} onClick={() => verify.mutate()}>
            {t('sso.verify')}
          </Button>
        )}
      </div>
    </Card>
  )
}

function LogoCard({ logoUrl }: { logoUrl: string | null }) {
  const { t } = useTranslation()
  const input = useRef<HTMLInputElement>(null)
  const upload = useUploadLogo()
  const remove = useRemoveLogo()
  return (
    <Card title={t('branding.logo')}>
      <div className="flex flex-col gap-3 pt-1">
        <p className="text-muted">{t('branding.logoText')}</p>
        <ProblemNote error={upload.error ?? remove.error} />
        <div className="flex flex-wrap gap-2">
          <input
            ref={input}
            type="file"
            accept="image/png,image/jpeg,image/webp"
            aria-label={t('branding.logoFile')}
            className="sr-only"
            tabIndex={-1}
            onChange={(event) => {
              const [file] = event.target.files ?? []
              if (file) upload.mutate(file)
              event.target.value = ''
            }}
          />
          <Button busy={upload.isPending} onClick={() => input.current?.click()}>
            {t(logoUrl ? 'branding.replaceLogo' : 'branding.chooseLogo')}
          </Button>
          {logoUrl && (
            <Button variant="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
              {t('branding.removeLogo')}
            </Button>
          )}
        </div>
      </div>
    </Card>
  )
}

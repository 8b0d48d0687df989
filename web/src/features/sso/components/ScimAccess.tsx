import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { CopyLine, SecretDialog } from '@/components/Common/Secret'
import { Section } from '@/components/Common/SidePanel'
import type { IdentityProvider } from '@/types/api'
import { useCreateScimToken, useWithdrawScimToken } from '../api'

/** Lets the provider add, change and remove members by itself. */
export function ScimAccess({ provider }: { provider: IdentityProvider }) {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const [token, setToken] = useState<string | null>(null)
  const [withdrawing, setWithdrawing] = useState(false)
  const create = useCreateScimToken()
  const withdraw = useWithdrawScimToken()
  const { enabled, token_hint, base_url } = provider.scim
  return (
    <Section title={t('sso.scim')}>
      <p className="mb-2 text-muted">{enabled ? t('sso.scimOn', { hint: token_hint ?? '' }) : t('sso.scimOff')}</p>
      <div className="flex flex-col items-start gap-3">
        <div className="w-full">
          <CopyLine label={t('sso.scimUrl')} value={base_url} />
        </div>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => setAsking(true)}>{t(enabled ? 'sso.renewToken' : 'sso.createToken')}</Button>
          {enabled && (
            <Button variant="danger" onClick={() => setWithdrawing(true)}>
              {t('sso.withdrawToken')}
            </Button>
          )}
        </div>
      </div>
      {withdrawing && (
        <ConfirmDialog
          title={t('sso.withdrawToken')}
          text={t('sso.withdrawTokenText')}
          confirmLabel={t('sso.withdrawToken')}
          mutation={withdraw}
          onConfirm={() => withdraw.mutate(provider.id, { onSuccess: () => setWithdrawing(false) })}
          onClose={() => setWithdrawing(false)}
        />
      )}
      {asking && (
        <ConfirmDialog
          title={t(enabled ? 'sso.renewToken' : 'sso.createToken')}
          text={t(enabled ? 'sso.renewTokenText' : 'sso.createTokenText')}
          confirmLabel={t(enabled ? 'sso.renewToken' : 'sso.createToken')}
          danger={enabled}
          mutation={create}
          onConfirm={() =>
            create.mutate(provider.id, {
              onSuccess: (made) => {
                setAsking(false)
                setToken(made.token)
              },
            })
          }
          onClose={() => setAsking(false)}
        />
      )}
      {token && (
        <SecretDialog title={t('sso.tokenMade')} label={t('sso.token')} value={token} onClose={() => setToken(null)} />
      )}
    </Section>
  )
}

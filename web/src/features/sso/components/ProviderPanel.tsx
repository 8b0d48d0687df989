import { useQuery } from '@tanstack/react-query'
import { PlugZap } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { Checkbox } from '@/components/Common/Inputs'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { QueryState } from '@/components/Common/QueryState'
import { CopyLine } from '@/components/Common/Secret'
import { Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import type { IdentityProvider } from '@/types/api'
import { providerQuery, useRemoveProvider, useUpdateProvider } from '../api'
import { Domains } from './Domains'
import { GroupMappings, type MappableRole } from './GroupMappings'
import { ProviderDialog } from './ProviderDialog'
import { ProviderState } from './ProviderList'
import { ScimAccess } from './ScimAccess'
import { TestReport } from './TestReport'

type Props = { id: string; roles: MappableRole[]; onClose: () => void }

/** One provider: what to type over there, its domains, groups and provisioning, and whether it works. */
export function ProviderPanel({ id, roles, onClose }: Props) {
  const { t } = useTranslation()
  const query = useQuery({ ...providerQuery(id), enabled: useCan('identity-providers:write') })
  const provider = query.data
  return (
    <SidePanel
      title={provider?.name ?? t('sso.one')}
      kicker={provider && <ProviderState provider={provider} />}
      actions={provider && <ProviderActions provider={provider} onRemoved={onClose} />}
      onClose={onClose}
    >
      <QueryState query={query} permission="identity-providers:write" skeleton={<SkeletonRows rows={8} />}>
        {(detail) => (
          <>
            <Section title={t('sso.addresses')}>
              <p className="mb-2 text-muted">{t('sso.addressesText')}</p>
              <div className="flex flex-col gap-3">
                {Object.entries(detail.addresses).map(([name, value]) => (
                  <CopyLine
                    key={name}
                    label={t(`sso.address.${name}` as 'sso.address.acs_url', { defaultValue: name })}
                    value={value}
                  />
                ))}
              </div>
            </Section>
            <Domains provider={detail} />
            <GroupMappings key={JSON.stringify(detail.group_mappings)} provider={detail} roles={roles} />
            <Behaviour provider={detail} />
            <ScimAccess provider={detail} />
          </>
        )}
      </QueryState>
    </SidePanel>
  )
}

function ProviderActions({ provider, onRemoved }: { provider: IdentityProvider; onRemoved: () => void }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<'test' | 'edit' | 'remove' | 'switch' | null>(null)
  const update = useUpdateProvider()
  const remove = useRemoveProvider()
  const close = () => setOpen(null)
  const { id, name, enabled } = provider
  return (
    <>
      <Button variant="primary" icon={PlugZap} onClick={() => setOpen('test')}>
        {t('sso.test')}
      </Button>
      <Button onClick={() => setOpen('switch')}>{t(enabled ? 'sso.switchOff' : 'sso.switchOn')}</Button>
      <Button onClick={() => setOpen('edit')}>{t('action.edit')}</Button>
      <Button variant="danger" onClick={() => setOpen('remove')}>
        {t('action.remove')}
      </Button>
      {open === 'test' && <TestReport id={id} onClose={close} />}
      {open === 'edit' && <ProviderDialog provider={provider} onClose={close} />}
      {open === 'switch' && (
        <ConfirmDialog
          title={t(enabled ? 'sso.switchOffNamed' : 'sso.switchOnNamed', { name })}
          text={t(enabled ? 'sso.switchOffText' : 'sso.switchOnText')}
          confirmLabel={t(enabled ? 'sso.switchOff' : 'sso.switchOn')}
          danger={enabled}
          mutation={update}
          onConfirm={() => update.mutate({ id, body: { enabled: !enabled } }, { onSuccess: close })}
          onClose={close}
        />
      )}
      {open === 'remove' && (
        <ConfirmDialog
          title={t('sso.removeNamed', { name })}
          text={t('sso.removeText')}
          typeName={name}
          confirmLabel={t('sso.removeNamed', { name })}
          mutation={remove}
          onConfirm={() => remove.mutate(id, { onSuccess: onRemoved })}
          onClose={close}
        />
      )}
    </>
  )
}

function Behaviour({ provider }: { provider: IdentityProvider }) {
  const { t } = useTranslation()
  const update = useUpdateProvider()
  const set = (body: { jit?: boolean; require_mfa?: boolean }) => update.mutate({ id: provider.id, body })
  return (
    <Section title={t('sso.behaviour')}>
      <div className="flex flex-col gap-2">
        <Checkbox
          label={t('sso.jit')}
          hint={t('sso.jitHint')}
          checked={provider.jit}
          disabled={update.isPending}
          onChange={(event) => set({ jit: event.target.checked })}
        />
        <Checkbox
          label={t('sso.requireMfa')}
          hint={t('sso.requireMfaHint')}
          checked={provider.require_mfa}
          disabled={update.isPending}
          onChange={(event) => set({ require_mfa: event.target.checked })}
        />
        <ProblemNote error={update.error} />
      </div>
    </Section>
  )
}

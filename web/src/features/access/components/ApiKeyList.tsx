import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SecretDialog } from '@/components/Common/Secret'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useNow } from '@/hooks/useNow'
import { useCan } from '@/services/permissions'
import { useSession } from '@/services/session'
import type { ApiKey } from '@/types/api'
import { apiKeysQuery, useRevokeApiKey } from '../api/apiKeys'
import { CreateKey } from './CreateKey'
import type { ScopeAccount } from './ScopeField'
import { ScopeText } from './ScopeText'

type Props = {
  accounts: ScopeAccount[]
  /** Only the person's own keys, as on their profile. */
  own?: boolean
}

/** Keys for programs; each is named, narrowed and ends by itself. */
export function ApiKeyList({ accounts, own }: Props) {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  const mayAll = useCan('api-keys:write')
  const mayOwn = useCan('api-keys:own')
  const query = useQuery({ ...apiKeysQuery(), enabled: mayOwn || mayAll })
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<string | null>(null)
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const isShown = (key: ApiKey) => !own || key.user_id === me?.id
  return (
    <Card
      flush
      title={t(own ? 'apiKeys.own' : 'apiKeys.title')}
      aside={
        (mayOwn || mayAll) && (
          <Button icon={Plus} onClick={() => setCreating(true)}>
            {t('apiKeys.create')}
          </Button>
        )
      }
    >
      <QueryState
        query={query}
        permission={mayAll ? 'api-keys:write' : 'api-keys:own'}
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.filter(isShown).length === 0}
        firstUse={{ title: t('apiKeys.emptyTitle'), text: t('apiKeys.emptyText') }}
      >
        {({ items }) => <KeyTable keys={items.filter(isShown)} accounts={accounts} own={own} onRevoke={setRevoking} />}
      </QueryState>
      {creating && (
        <CreateKey
          accounts={accounts}
          own={own || !mayAll}
          onClose={() => setCreating(false)}
          onMade={(key) => {
            setCreating(false)
            setMade(key)
          }}
        />
      )}
      {made && (
        <SecretDialog title={t('apiKeys.made')} label={t('apiKeys.key')} value={made} onClose={() => setMade(null)} />
      )}
      {revoking && <RevokeKey apiKey={revoking} onClose={() => setRevoking(null)} />}
    </Card>
  )
}

type TableProps = { keys: ApiKey[]; accounts: ScopeAccount[]; own?: boolean; onRevoke: (key: ApiKey) => void }

function KeyTable({ keys, accounts, own, onRevoke }: TableProps) {
  const { t } = useTranslation()
  return (
    <RowTable
      label={t('apiKeys.title')}
      rows={keys}
      rowId={(key) => key.id}
      columns={[
        {
          id: 'name',
          header: t('apiKeys.name'),
          cell: (key) => (
            <>
              <span className="block font-medium">{key.name}</span>
              <span className="font-mono text-11 text-muted">…{key.hint}</span>
            </>
          ),
        },
        ...(own
          ? []
          : [
              {
                id: 'owner',
                header: t('apiKeys.owner'),
                cell: (key: ApiKey) => (
                  <>
                    {key.owner_name ?? '–'}
                    {key.service_identity_id && <span className="text-muted"> · {t('apiKeys.machine')}</span>}
                  </>
                ),
              },
            ]),
        {
          id: 'may',
          header: t('roles.permissions'),
          wideOnly: true,
          cell: (key) => (
            <span title={key.permissions.join(', ')}>
              {t('apiKeys.permissionCount', { count: key.permissions.length })}
              <span className="block max-w-60 truncate text-muted">
                <ScopeText scope={key.scope} accounts={accounts} />
              </span>
            </span>
          ),
        },
        {
          id: 'used',
          header: t('apiKeys.lastUsed'),
          wideOnly: true,
          cell: (key) => (
            <>
              <Time at={key.last_used_at} />
              {key.last_used_address && <span className="block text-muted">{key.last_used_address}</span>}
            </>
          ),
        },
        { id: 'state', header: t('apiKeys.ends'), cell: (key) => <KeyState apiKey={key} /> },
      ]}
      actions={(key) =>
        !key.revoked_at && (
          <Button
            variant="danger"
            aria-label={t('apiKeys.revokeNamed', { name: key.name })}
            onClick={() => onRevoke(key)}
          >
            {t('apiKeys.revoke')}
          </Button>
        )
      }
    />
  )
}

const SOON_MS = 14 * 86_400_000

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  const { t } = useTranslation()
  const now = useNow()
  const left = Date.parse(apiKey.expires_at) - now
  if (apiKey.revoked_at) return <Badge tone="neutral">{t('apiKeys.revoked')}</Badge>
  if (left <= 0) return <Badge tone="bad">{t('apiKeys.expired')}</Badge>
  return (
    <Badge tone={left < SOON_MS ? 'warning' : 'ok'}>
      <Time at={apiKey.expires_at} />
    </Badge>
  )
}

function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { t } = useTranslation()
  const revoke = useRevokeApiKey()
  return (
    <ConfirmDialog
      title={t('apiKeys.revokeNamed', { name: apiKey.name })}
      text={t('apiKeys.revokeText')}
      confirmLabel={t('apiKeys.revokeNamed', { name: apiKey.name })}
      mutation={revoke}
      onConfirm={() => revoke.mutate(apiKey.id, { onSuccess: onClose })}
      onClose={onClose}
    />
  )
}

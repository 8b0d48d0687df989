import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { rolesQuery } from '@/features/access/api/roles'
import { useRoleName } from '@/features/access/hooks/useRoleName'
import { roleKey } from '@/features/access/rules'
import { ProviderList } from '@/features/sso/components/ProviderList'
import { ProviderPanel } from '@/features/sso/components/ProviderPanel'
import { useOpenItem } from '@/hooks/useOpenItem'
import { useCan } from '@/services/permissions'

const ProviderDialog = lazy(() =>
  import('@/features/sso/components/ProviderDialog').then((module) => ({ default: module.ProviderDialog })),
)

export default function IdentityProvidersPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const [creating, setCreating] = useState(false)
  const mayChange = useCan('identity-providers:write')
  const { data } = useQuery({ ...rolesQuery(), enabled: useCan('members:read') })
  const roleName = useRoleName()
  const roles = (data?.items ?? [])
    .filter(({ built_in, name }) => !(built_in && name === 'owner'))
    .map((role) => ({
      key: roleKey(role),
      name: roleName({ role: role.built_in ? role.name : 'custom', role_name: role.name }),
    }))
  const createButton = mayChange && (
    <Button variant="primary" icon={Plus} onClick={() => setCreating(true)}>
      {t('sso.create')}
    </Button>
  )
  return (
    <ListPage panel={openId && <ProviderPanel key={openId} id={openId} roles={roles} onClose={close} />}>
      <PageHeader title={t('page.identityProviders')} actions={createButton} />
      <ProviderList
        openId={openId}
        onOpen={open}
        firstUse={{ title: t('sso.emptyTitle'), text: t('sso.emptyText'), action: createButton }}
      />
      {creating && (
        <Suspense>
          <ProviderDialog
            provider={null}
            onClose={() => setCreating(false)}
            onMade={(id) => {
              setCreating(false)
              open(id)
            }}
          />
        </Suspense>
      )}
    </ListPage>
  )
}

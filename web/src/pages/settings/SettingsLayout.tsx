import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Navigate, Outlet, useLocation } from 'react-router'
import { SubNavigation } from '@/components/Layout/SubNavigation'
import type { Permission } from '@/services/permissions'
import { useSession } from '@/services/session'

type PageKey =
  | 'organization'
  | 'members'
  | 'roles'
  | 'identityProviders'
  | 'apiKeys'
  | 'audit'
  | 'quotas'
  | 'usage'
  | 'branding'
  | 'keys'

type Entry = { page: PageKey; path: string; anyOf: Permission[] }

const PEOPLE: Entry[] = [
  { page: 'members', path: '/settings/members', anyOf: ['members:read'] },
  { page: 'roles', path: '/settings/roles', anyOf: ['members:read'] },
  { page: 'identityProviders', path: '/settings/identity-providers', anyOf: ['identity-providers:write'] },
  { page: 'apiKeys', path: '/settings/api-keys', anyOf: ['api-keys:write', 'api-keys:own'] },
]
const ORGANIZATION: Entry[] = [
  { page: 'organization', path: '/settings/organization', anyOf: ['organization:read'] },
  { page: 'branding', path: '/settings/branding', anyOf: ['organization:read'] },
  { page: 'quotas', path: '/settings/quotas', anyOf: ['organization:read'] },
  { page: 'usage', path: '/settings/usage', anyOf: ['ownership:write'] },
]
const TRUST: Entry[] = [
  { page: 'audit', path: '/settings/audit-log', anyOf: ['audit:read'] },
  { page: 'keys', path: '/settings/encryption-keys', anyOf: ['organization:write'] },
]

/** The settings area: beside each page the others that the person may open. */
export default function SettingsLayout() {
  const { t } = useTranslation()
  const { pathname } = useLocation()
  const permissions = useSession((session) => session.me?.permissions) ?? []
  const groups = [
    { title: t('settings.organization'), entries: ORGANIZATION },
    { title: t('settings.people'), entries: PEOPLE },
    { title: t('settings.trust'), entries: TRUST },
  ]
    .map(({ title, entries }) => ({
      title,
      entries: entries
        .filter(({ anyOf }) => anyOf.some((permission) => permissions.includes(permission)))
        .map(({ page, path }) => ({ path, label: t(`page.${page}`) })),
    }))
    .filter(({ entries }) => entries.length > 0)
  const first = groups[0]?.entries[0]?.path ?? '/profile'
  if (/^\/settings\/?$/.test(pathname)) return <Navigate replace to={first} />
  return (
    <div className="flex min-h-0 flex-1 max-md:flex-col">
      <SubNavigation label={t('page.settings')} groups={groups} />
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <Suspense>
          <Outlet />
        </Suspense>
      </div>
    </div>
  )
}

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { membersQuery } from '@/features/access/api/members'
import { rolesQuery } from '@/features/access/api/roles'
import { useRoleName } from '@/features/access/hooks/useRoleName'
import { Exports } from '@/features/organization/components/Exports'
import { General } from '@/features/organization/components/General'
import { Lifecycle } from '@/features/organization/components/Lifecycle'
import { Policy } from '@/features/organization/components/Policy'
import { Retention } from '@/features/organization/components/Retention'
import { useCan } from '@/services/permissions'

export default function OrganizationPage() {
  const { t } = useTranslation()
  const isOwner = useCan('ownership:write')
  const maySeeMembers = useCan('members:read')
  const { data: roles } = useQuery({ ...rolesQuery(), enabled: maySeeMembers })
  const { data: members } = useInfiniteQuery({ ...membersQuery(), enabled: isOwner && maySeeMembers })
  const roleName = useRoleName()
  const policyRoles = (roles?.items ?? []).map((role) => ({
    key: role.id ?? role.name,
    name: roleName({ role: role.built_in ? role.name : 'custom', role_name: role.name }),
  }))
  const people = (members?.pages ?? [])
    .flatMap(({ items }) => items)
    .filter(({ disabled_at }) => !disabled_at)
    .map(({ id, name, email }) => ({ id, name: name ? `${name} (${email})` : email }))
  return (
    <ScrollPage>
      <PageHeader title={t('page.organization')} />
      <div className="flex max-w-200 flex-col gap-3">
        <General />
        <Policy roles={policyRoles} />
        <Retention />
        {isOwner && <Exports />}
        <Lifecycle people={people} />
      </div>
    </ScrollPage>
  )
}

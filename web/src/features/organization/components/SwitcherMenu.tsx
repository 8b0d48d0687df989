import { useQuery } from '@tanstack/react-query'
import { Plus, Settings } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Menu, MenuChoice, MenuItem, MenuLine } from '@/components/Common/Menu'
import { useSession } from '@/services/session'
import { myOrganizationsQuery, useSwitchOrganization } from '../api/organization'
import { CreateOrganization } from './CreateOrganization'

const icon = { size: 14, 'aria-hidden': true } as const

/** All organizations of the person; picking one leads to its dashboard. */
export default function SwitcherMenu({ trigger }: { trigger: ReactNode }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [creating, setCreating] = useState(false)
  const me = useSession((session) => session.me)
  const { data, error } = useQuery(myOrganizationsQuery())
  const change = useSwitchOrganization()
  if (!me) return null
  const known = data ?? [{ id: me.organization.id, name: me.organization.name, deleted_at: null }]
  const enter = (id: string) => {
    if (id !== me.organization.id) change.mutate(id, { onSuccess: () => void navigate('/') })
  }
  return (
    <>
      <Menu defaultOpen trigger={trigger}>
        <MenuChoice
          label={t('organizations.title')}
          value={me.organization.id}
          options={known.map(({ id, name, deleted_at }) => ({
            value: id,
            label: deleted_at ? t('organizations.leaving', { name }) : name,
          }))}
          onChange={enter}
        />
        {error && <p className="max-w-60 px-2 py-1 text-muted">{error.message}</p>}
        <MenuLine />
        <MenuItem icon={<Plus {...icon} />} onSelect={() => setCreating(true)}>
          {t('organizations.create')}
        </MenuItem>
        <MenuItem icon={<Settings {...icon} />} onSelect={() => void navigate('/settings')}>
          {t('page.settings')}
        </MenuItem>
      </Menu>
      {creating && <CreateOrganization onClose={() => setCreating(false)} onMade={enter} />}
    </>
  )
}

import { LogOut, Monitor, Moon, Rows3, Rows4, Sun, UserRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { Menu, MenuChoice, MenuItem, MenuLine } from '@/components/Common/Menu'
import { type Density, type Theme, usePreferences } from '@/services/preferences'
import { signOut, useSession } from '@/services/session'
import { UserTrigger } from './UserTrigger'

const icon = { size: 14, 'aria-hidden': true } as const

/** Who is signed in and where, theme and density, and the way out. */
export default function UserMenu({ folded }: { folded: boolean }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const me = useSession((session) => session.me)
  const { theme, density } = usePreferences()
  if (!me) return null
  return (
    <Menu defaultOpen side="top" align="start" trigger={<UserTrigger folded={folded} />}>
      <div className="px-2 py-1.5">
        <p className="font-medium">{me.name || me.email}</p>
        <p className="text-muted">
          {me.email} · {t(`role.${me.role}` as 'role.owner', { defaultValue: me.role })}
        </p>
      </div>
      <MenuLine />
      <MenuItem icon={<UserRound {...icon} />} onSelect={() => void navigate('/profile')}>
        {t('page.profile')}
      </MenuItem>
      <MenuLine />
      <MenuChoice
        label={t('theme.label')}
        value={theme}
        options={[
          { value: 'system', label: t('theme.system'), icon: <Monitor {...icon} /> },
          { value: 'light', label: t('theme.light'), icon: <Sun {...icon} /> },
          { value: 'dark', label: t('theme.dark'), icon: <Moon {...icon} /> },
        ]}
        onChange={(value) => usePreferences.setState({ theme: value as Theme })}
      />
      <MenuChoice
        label={t('density.label')}
        value={density}
        options={[
          { value: 'compact', label: t('density.compact'), icon: <Rows4 {...icon} /> },
          { value: 'comfortable', label: t('density.comfortable'), icon: <Rows3 {...icon} /> },
        ]}
        onChange={(value) => usePreferences.setState({ density: value as Density })}
      />
      <MenuLine />
      <MenuItem icon={<LogOut {...icon} />} onSelect={() => void signOut()}>
        {t('user.signOut')}
      </MenuItem>
    </Menu>
  )
}

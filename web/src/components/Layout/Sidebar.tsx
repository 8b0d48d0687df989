import { PanelLeftClose, PanelLeftOpen } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'
import { IconButton } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'
import { Tooltip } from '@/components/Common/Tooltip'
import { useScopedLink } from '@/hooks/useScopedLink'
import { usePreferences } from '@/services/preferences'
import { Logo } from './Logo'
import { LOWER_NAVIGATION, MAIN_NAVIGATION, type NavigationEntry } from './navigation'

/** Main navigation, 200 wide, folding to icons. `bottom` holds what belongs to the person. */
export function Sidebar({ bottom }: { bottom: (folded: boolean) => ReactNode }) {
  const { t } = useTranslation()
  const folded = usePreferences((preferences) => preferences.sidebarFolded)
  const foldLabel = folded ? t('layout.unfold') : t('layout.fold')
  return (
    <nav
      aria-label={t('layout.navigation')}
      className={classes(
        'flex shrink-0 flex-col border-r border-border bg-surface max-md:hidden',
        folded ? 'w-13' : 'w-50',
      )}
    >
      <div className="flex h-12 items-center gap-2 px-3.5">
        <Logo />
        {!folded && <span className="text-14 font-semibold tracking-tight">CloudOps Pro</span>}
      </div>
      <NavigationList entries={MAIN_NAVIGATION} folded={folded} />
      <div className="flex-1" />
      <NavigationList entries={LOWER_NAVIGATION} folded={folded} />
      <div
        className={classes('flex border-t border-border p-2', folded ? 'flex-col items-center gap-1' : 'items-center')}
      >
        {bottom(folded)}
        <IconButton
          icon={folded ? PanelLeftOpen : PanelLeftClose}
          label={foldLabel}
          aria-expanded={!folded}
          onClick={() => usePreferences.setState({ sidebarFolded: !folded })}
        />
      </div>
    </nav>
  )
}

export function NavigationList({ entries, folded = false }: { entries: NavigationEntry[]; folded?: boolean }) {
  return (
    <ul className="flex flex-col gap-0.5 px-2 py-1">
      {entries.map((entry) => (
        <li key={entry.id}>
          <NavigationItem entry={entry} folded={folded} />
        </li>
      ))}
    </ul>
  )
}

function NavigationItem({ entry, folded }: { entry: NavigationEntry; folded: boolean }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { icon: Icon, id, path, key, end } = entry
  const link = (
    <NavLink
      to={scopedLink(path)}
      end={end}
      aria-label={folded ? t(`page.${id}`) : undefined}
      className={({ isActive }) =>
        classes(
          'flex h-8 items-center gap-2.5 rounded-control max-md:h-11',
          folded ? 'justify-center' : 'px-2',
          isActive
            ? 'bg-surface-2 font-medium text-text [&>svg]:text-accent'
            : 'text-muted hover:bg-surface-2 hover:text-text',
        )
      }
    >
      <Icon size={16} aria-hidden />
      {!folded && t(`page.${id}`)}
    </NavLink>
  )
  if (!folded) return link
  return (
    <Tooltip text={t(`page.${id}`)} keys={key && `g ${key}`} side="right">
      {link}
    </Tooltip>
  )
}

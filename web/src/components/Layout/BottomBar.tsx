import { Menu as MenuIcon } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink } from 'react-router'
import { classes } from '@/components/Common/classes'
import { useScopedLink } from '@/hooks/useScopedLink'
import { LOWER_NAVIGATION, MAIN_NAVIGATION, type NavigationEntry } from './navigation'
import { NavigationList } from './Sidebar'

const Modal = lazy(() => import('@/components/Common/Modal').then((module) => ({ default: module.Modal })))

const ON_BAR: NavigationEntry['id'][] = ['dashboard', 'resources', 'alerts', 'cost']
const isOnBar = ({ id }: NavigationEntry) => ON_BAR.includes(id)
const tab = 'flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-11'

/** Navigation on a phone: four pages at the thumb, the rest behind "More". */
export function BottomBar({ more }: { more: ReactNode }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <nav aria-label={t('layout.bottomBar')} className="flex shrink-0 border-t border-border bg-surface md:hidden">
      {MAIN_NAVIGATION.filter(isOnBar).map((entry) => (
        <BarLink key={entry.id} entry={entry} />
      ))}
      <button type="button" aria-expanded={open} onClick={() => setOpen(true)} className={classes(tab, 'text-muted')}>
        <MenuIcon size={20} aria-hidden />
        {t('layout.more')}
      </button>
      {open && (
        <Suspense>
          <Modal title={t('layout.more')} onClose={() => setOpen(false)} className="top-auto! bottom-2 max-w-none!">
            <div className="overflow-y-auto pb-3" onClick={() => setOpen(false)}>
              <NavigationList entries={[...MAIN_NAVIGATION.filter((entry) => !isOnBar(entry)), ...LOWER_NAVIGATION]} />
            </div>
            <div className="border-t border-border p-3">{more}</div>
          </Modal>
        </Suspense>
      )}
    </nav>
  )
}

function BarLink({ entry: { id, path, icon: Icon, end } }: { entry: NavigationEntry }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <NavLink
      to={scopedLink(path)}
      end={end}
      className={({ isActive }) => classes(tab, isActive ? 'font-medium text-accent' : 'text-muted')}
    >
      <Icon size={20} aria-hidden />
      {t(`page.${id}`)}
    </NavLink>
  )
}

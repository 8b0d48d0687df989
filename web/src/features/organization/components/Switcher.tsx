import { Building2, ChevronDown } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '@/services/session'

const SwitcherMenu = lazy(() => import('./SwitcherMenu'))

/** The organization one is in, and the way to another; the menu is loaded when it is first opened. */
export function OrganizationSwitcher() {
  const { t } = useTranslation()
  const name = useSession((session) => session.me?.organization.name)
  const [wanted, setWanted] = useState(false)
  if (!name) return null
  const trigger = (
    <button
      type="button"
      aria-haspopup="menu"
      aria-label={t('organizations.menu', { name })}
      onClick={() => setWanted(true)}
      className="inline-flex h-7 max-w-44 min-w-0 shrink items-center gap-1.5 rounded-control border border-border bg-surface px-2 hover:bg-surface-2 max-md:size-9 max-md:justify-center max-md:px-0"
    >
      <Building2 size={14} aria-hidden className="shrink-0 text-muted" />
      <span className="truncate max-lg:hidden">{name}</span>
      <ChevronDown size={13} aria-hidden className="shrink-0 text-muted max-md:hidden" />
    </button>
  )
  if (!wanted) return trigger
  return (
    <Suspense fallback={trigger}>
      <SwitcherMenu trigger={trigger} />
    </Suspense>
  )
}

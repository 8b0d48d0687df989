import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Outlet, useLocation, useNavigate } from 'react-router'
import { BottomBar } from '@/components/Layout/BottomBar'
import { Footer } from '@/components/Layout/Footer'
import { Header } from '@/components/Layout/Header'
import { MAIN_NAVIGATION } from '@/components/Layout/navigation'
import { RangePicker } from '@/components/Layout/RangePicker'
import { Sidebar } from '@/components/Layout/Sidebar'
import { AccountPicker } from '@/features/accounts/components/AccountPicker'
import { FactorBanner, SECURITY_PATH } from '@/features/identity/components/FactorBanner'
import { UserButton } from '@/features/identity/components/UserButton'
import { OrganizationSwitcher } from '@/features/organization/components/Switcher'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useShortcuts } from '@/hooks/useShortcuts'
import { useSession } from '@/services/session'
import { useStepUp } from '@/services/stepUp'
import { countUse } from '@/services/usage'
import { ErrorBoundary } from './ErrorBoundary'
import { pageInfoAt } from './pageInfo'
import { useLiveUpdates } from './useLiveUpdates'
import { useUsageEvents } from './useUsageEvents'

const Palette = lazy(() => import('./Palette'))
const ShortcutHelp = lazy(() => import('@/components/Layout/ShortcutHelp').then((m) => ({ default: m.ShortcutHelp })))

const StepUpDialog = lazy(() =>
  import('@/features/identity/components/StepUpDialog').then((m) => ({ default: m.StepUpDialog })),
)

type Overlay = 'palette' | 'help' | null

/** Around every page: navigation, header, footer, palette and what is live. */
export function AppFrame() {
  const { t } = useTranslation()
  const [overlay, setOverlay] = useState<Overlay>(null)
  const { pathname } = useLocation()
  const info = pageInfoAt(pathname)
  const isConfirming = useStepUp((state) => state.answer !== null)
  useLiveUpdates()
  useUsageEvents(info.usage)
  useFactorDemand()
  useGlobalShortcuts(setOverlay)
  const crumbs = info.crumbs.map(({ page, path }) => ({ label: t(`page.${page}`), to: path }))

  return (
    <div className="flex h-full">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-control focus:bg-accent focus:px-3 focus:py-1.5 focus:text-accent-fg"
      >
        {t('layout.skip')}
      </a>
      <Sidebar bottom={(folded) => <UserButton folded={folded} />} />
      <div className="flex min-w-0 flex-1 flex-col">
        <Header
          crumbs={crumbs}
          onSearch={() => {
            countUse('feature', 'search.open')
            setOverlay('palette')
          }}
          pickers={
            <>
              {info.account && <AccountPicker />}
              {info.range && <RangePicker />}
              <OrganizationSwitcher />
            </>
          }
        />
        <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
          <FactorBanner />
          <ErrorBoundary resetKey={pathname}>
            <Suspense>
              <Outlet />
            </Suspense>
          </ErrorBoundary>
        </main>
        <Footer version={__APP_VERSION__} onHelp={() => setOverlay('help')} />
        <BottomBar more={<UserButton folded={false} />} />
      </div>
      <Suspense>
        {overlay === 'palette' && <Palette onClose={() => setOverlay(null)} onHelp={() => setOverlay('help')} />}
        {overlay === 'help' && <ShortcutHelp onClose={() => setOverlay(null)} />}
        {isConfirming && <StepUpDialog />}
      </Suspense>
    </div>
  )
}

/** A refused call that wants a second factor first leads to where it is set up. */
function useFactorDemand() {
  const navigate = useNavigate()
  const demanded = useSession((session) => session.factorDemanded)
  useEffect(() => {
    if (demanded) void navigate(SECURITY_PATH)
  }, [demanded, navigate])
}

function useGlobalShortcuts(setOverlay: (overlay: Overlay) => void) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const group = t('shortcut.group.general')
  const goTo = t('shortcut.group.goTo')
  useShortcuts([
    { keys: 'mod+k', run: () => setOverlay('palette'), label: t('palette.open'), group },
    { keys: '?', run: () => setOverlay('help'), label: t('help.title'), group },
    ...MAIN_NAVIGATION.map(({ id, path, key }) => ({
      keys: `g ${key}`,
      run: () => void navigate(scopedLink(path)),
      label: t(`page.${id}`),
      group: goTo,
    })),
  ])
}

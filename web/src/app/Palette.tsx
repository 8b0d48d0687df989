import { useQuery } from '@tanstack/react-query'
import { Box, Gauge, Keyboard, LogOut, Moon, Plus, RefreshCw, ShieldCheck, Sun, Upload, UserRound } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { CommandPalette, type PaletteItem } from '@/components/Layout/CommandPalette'
import { LOWER_NAVIGATION, MAIN_NAVIGATION } from '@/components/Layout/navigation'
import { accountsQuery, useSyncAccount } from '@/features/accounts/api'
import { useEvaluate } from '@/features/compliance/api'
import { resourceSearchQuery } from '@/features/inventory/api'
import { typeName } from '@/features/inventory/rules'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { usePreferences } from '@/services/preferences'
import { signOut } from '@/services/session'
import { toast } from '@/services/toasts'

const PAUSE_MS = 180
const LEAST_LETTERS = 2

type Props = { onClose: () => void; onHelp: () => void }

/** What the palette offers: pages, actions that are permitted, and resources as one types. */
export default function Palette({ onClose, onHelp }: Props) {
  const { t } = useTranslation()
  const { resources, isSearching, setSearch } = useResourceSearch()
  const pages = usePages()
  const actions = useActions(onHelp)
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const found = resources.map(
    (resource): PaletteItem => ({
      id: resource.id,
      group: t('palette.resources'),
      label: resource.name || resource.native_id,
      detail: [typeName(resource.type), resource.region].filter(Boolean).join(' · '),
      icon: Box,
      found: true,
      run: () => void navigate(scopedLink(`/resources/${resource.id}`)),
    }),
  )
  return (
    <CommandPalette
      items={[...pages, ...found, ...actions]}
      isSearching={isSearching}
      onSearch={setSearch}
      onClose={onClose}
    />
  )
}

function useResourceSearch() {
  const [typed, setTyped] = useState('')
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed])
  const enabled = useCan('inventory:read') && asked.length >= LEAST_LETTERS
  const query = useQuery({ ...resourceSearchQuery(asked), enabled })
  return {
    resources: typed.length >= LEAST_LETTERS ? (query.data?.items ?? []) : [],
    isSearching: typed !== asked || query.isFetching,
    setSearch: setTyped,
  }
}

function usePages(): PaletteItem[] {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  return useMemo(
    () =>
      [...MAIN_NAVIGATION, ...LOWER_NAVIGATION].map(({ id, path, icon, key }) => ({
        id: `page-${id}`,
        group: t('palette.pages'),
        label: t(`page.${id}`),
        icon,
        keys: key && `g ${key}`,
        run: () => void navigate(scopedLink(path)),
      })),
    [t, navigate, scopedLink],
  )
}

function useActions(onHelp: () => void): PaletteItem[] {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const theme = usePreferences((preferences) => preferences.theme)
  const sync = useSyncAccount()
  const evaluate = useEvaluate()
  const may = { sync: useCan('accounts:sync'), write: useCan('accounts:write'), imports: useCan('imports:write') }
  const mayEvaluate = useCan('compliance:write')
  const mayRule = useCan('rules:write')
  const { data: accounts } = useQuery({ ...accountsQuery(), enabled: useCan('accounts:read') })
  const group = t('palette.actions')
  const action = (id: string, label: string, icon: PaletteItem['icon'], run: () => void): PaletteItem => ({
    id: `action-${id}`,
    group,
    label,
    icon,
    run,
  })
  const started = () => void toast({ kind: 'ok', text: t('job.started') })
  return [
    ...(may.write ? [action('connect', t('connect.title'), Plus, () => void navigate('/accounts?connect=true'))] : []),
    ...(may.imports ? [action('import', t('import.title'), Upload, () => void navigate('/cost?import=true'))] : []),
    ...(mayRule ? [action('new-rule', t('rule.newAlertRule'), Gauge, () => void navigate('/alerts/rules/new'))] : []),
    ...(mayEvaluate
      ? [action('evaluate', t('compliance.evaluate'), ShieldCheck, () => evaluate.mutate(null, { onSuccess: started }))]
      : []),
    ...(may.sync
      ? (accounts?.items ?? []).map((account) =>
          action(`sync-${account.id}`, t('account.syncNamed', { name: account.name }), RefreshCw, () =>
            sync.mutate(account.id, { onSuccess: started }),
          ),
        )
      : []),
    theme === 'dark'
      ? action('light', t('theme.useLight'), Sun, () => usePreferences.setState({ theme: 'light' }))
      : action('dark', t('theme.useDark'), Moon, () => usePreferences.setState({ theme: 'dark' })),
    action('help', t('help.title'), Keyboard, () => queueMicrotask(onHelp)),
    action('profile', t('page.profile'), UserRound, () => void navigate('/profile')),
    action('sign-out', t('user.signOut'), LogOut, () => void signOut()),
  ]
}

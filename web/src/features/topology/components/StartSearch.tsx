import { Boxes, CloudCog, Network, Search } from 'lucide-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Combobox, type PickOption } from '@/components/Common/Combobox'
import { NoPermissionState } from '@/components/Common/States'
import { useShortcuts } from '@/hooks/useShortcuts'
import { useCan } from '@/services/permissions'
import type { MapView } from '../hooks/useMapView'
import { type NamedAccount, useStarts } from '../hooks/useStarts'

type PickerProps = { view: MapView; accounts: NamedAccount[]; picked?: string; large?: boolean }

/** Where the map starts: a resource, a network or an account. */
export function StartPicker({ view, accounts, picked, large }: PickerProps) {
  const { t } = useTranslation()
  const { options, isSearching, isFailed, search } = useStarts(accounts)
  const input = useRef<HTMLInputElement>(null)
  useShortcuts([
    {
      keys: '/',
      run: () => input.current?.focus(),
      label: t('shortcut.filter'),
      group: t('shortcut.group.lists'),
    },
  ])
  const pick = ({ id }: PickOption) => {
    const [kind, value] = [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]
    if (kind === 'account') view.startAtAccount(value)
    else if (kind === 'network' && view.mode !== 'blast') view.startAtNetwork(value)
    else view.startAt(value)
  }
  return (
    <Combobox
      hideLabel={!large}
      label={t('map.startLabel')}
      placeholder={t('map.startHint')}
      icon={Search}
      picked={picked}
      options={options}
      isSearching={isSearching}
      isFailed={isFailed}
      onSearch={search}
      onPick={pick}
      inputRef={input}
    />
  )
}

/** Before anything is asked: a map is never of everything. */
export function StartSearch({ view, accounts }: { view: MapView; accounts: NamedAccount[] }) {
  const { t } = useTranslation()
  const allowed = useCan('topology:read')
  if (!allowed) return <NoPermissionState permission="topology:read" />
  const examples = [
    { icon: Boxes, text: t('map.startResource') },
    { icon: Network, text: t('map.startNetwork') },
    { icon: CloudCog, text: t('map.startAccount') },
  ]
  return (
    <div className="mx-auto flex w-full max-w-xl flex-col gap-4 pt-[8vh]">
      <div>
        <h2 className="text-15 font-semibold">{t('map.startTitle')}</h2>
        <p className="text-muted">{t('map.startText')}</p>
      </div>
      <StartPicker large view={view} accounts={accounts} />
      <ul className="flex flex-col gap-2">
        {examples.map(({ icon: Icon, text }) => (
          <li key={text} className="flex items-start gap-2 text-muted">
            <Icon size={15} aria-hidden className="mt-0.5 shrink-0" />
            {text}
          </li>
        ))}
      </ul>
    </div>
  )
}

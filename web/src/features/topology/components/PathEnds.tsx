import { ArrowLeftRight } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '@/components/Common/Button'
import { Combobox } from '@/components/Common/Combobox'
import type { MapView } from '../hooks/useMapView'
import { useResourceName, useResourceOptions } from '../hooks/useStarts'

/** The two ends of a path. */
export function PathEnds({ view }: { view: MapView }) {
  const { t } = useTranslation()
  const { from, to, set } = view
  return (
    <div className="flex min-w-60 flex-3 flex-wrap items-center gap-1.5 md:max-w-xl md:flex-nowrap">
      <End label={t('map.from')} id={from} onPick={(id) => void set({ from: id })} />
      <IconButton
        icon={ArrowLeftRight}
        label={t('map.swap')}
        disabled={!from && !to}
        onClick={() => void set({ from: to, to: from })}
      />
      <End label={t('map.to')} id={to} onPick={(id) => void set({ to: id })} />
    </div>
  )
}

function End({ label, id, onPick }: { label: string; id: string | null; onPick: (id: string) => void }) {
  const { options, isSearching, isFailed, search } = useResourceOptions()
  const name = useResourceName(id)
  return (
    <div className="min-w-32 flex-1">
      <Combobox
        hideLabel
        label={label}
        placeholder={label}
        picked={name}
        options={options}
        isSearching={isSearching}
        isFailed={isFailed}
        onSearch={search}
        onPick={(option) => onPick(option.id)}
      />
    </div>
  )
}

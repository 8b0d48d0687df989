import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { SearchField } from '@/components/Common/SearchField'
import { Segmented } from '@/components/Common/Segmented'
import { useAnomalyFilter } from '../hooks/useAnomalyFilter'
import { type AnomalyKind, type AnomalyState, KINDS, STATES } from '../rules'

export function AnomalyFilters() {
  const { t } = useTranslation()
  const { state, isActive, set, setSearch, clear } = useAnomalyFilter()
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('anomaly.search')} value={state.q} onChange={setSearch} />
      <FilterMenu
        label={t('anomaly.kind')}
        options={KINDS.map((value) => ({ value, label: t(`anomaly.kindName.${value}`) }))}
        selected={state.kind}
        onChange={(kind) => set({ kind: kind as AnomalyKind[] })}
      />
      <Segmented
        label={t('anomaly.state')}
        value={state.state ?? ''}
        choices={[
          { value: '', label: t('anomaly.allStates') },
          ...STATES.map((value) => ({ value, label: t(`anomaly.stateName.${value}`) })),
        ]}
        onChange={(value) => set({ state: value === '' ? null : (value as AnomalyState) })}
      />
      <Segmented
        label={t('anomaly.judged')}
        value={state.judged ?? ''}
        choices={[
          { value: '', label: t('anomaly.anyFeedback') },
          { value: 'no', label: t('anomaly.noFeedback') },
          { value: 'yes', label: t('anomaly.withFeedback') },
        ]}
        onChange={(value) => set({ judged: value === '' ? null : (value as 'yes' | 'no') })}
      />
      {state.burst && (
        <Button icon={X} aria-label={t('filter.remove')} onClick={() => set({ burst: null })}>
          {t('anomaly.oneBurst')}
        </Button>
      )}
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { SearchField } from '@/components/Common/SearchField'
import { SEVERITIES } from '@/components/Common/Severity'
import type { Severity } from '@/types/api'
import { useRuleFilter } from '../hooks/useRuleFilter'
import { RULE_HEALTHS, RULE_STATES } from '../rules'
import type { RuleHealth, RuleState } from '../types'

export function RuleFilters() {
  const { t } = useTranslation()
  const { filter, isActive, set, setSearch, clear } = useRuleFilter()
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('rule.search')} value={filter.q} onChange={setSearch} />
      <FilterMenu
        label={t('alert.severity')}
        options={SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))}
        selected={filter.severity}
        onChange={(severity) => set({ severity: severity as Severity[] })}
      />
      <FilterMenu
        label={t('rule.state')}
        options={RULE_STATES.map((value) => ({ value, label: t(`rule.stateName.${value}`) }))}
        selected={filter.state}
        onChange={(state) => set({ state: state as RuleState[] })}
      />
      <FilterMenu
        label={t('rule.health')}
        options={RULE_HEALTHS.map((value) => ({ value, label: t(`rule.healthName.${value}`) }))}
        selected={filter.health}
        onChange={(health) => set({ health: health as RuleHealth[] })}
      />
      <FilterMenu
        label={t('rule.switch')}
        options={(['on', 'off'] as const).map((value) => ({ value, label: t(`rule.switchName.${value}`) }))}
        selected={filter.enabled ? [filter.enabled] : []}
        onChange={(chosen) => set({ enabled: (chosen.find((one) => one !== filter.enabled) as 'on' | 'off') ?? null })}
      />
      {(['group', 'file'] as const).map(
        (name) =>
          filter[name] && (
            <Button key={name} icon={X} onClick={() => set({ [name]: '' })} aria-label={t('filter.remove')}>
              {name === 'group' ? t('rule.groupNamed', { name: filter.group }) : t('rule.oneFile')}
            </Button>
          ),
      )}
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

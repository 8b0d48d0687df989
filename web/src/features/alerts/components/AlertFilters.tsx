import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { SearchField } from '@/components/Common/SearchField'
import { SEVERITIES } from '@/components/Common/Severity'
import type { AlertStatus, AlertSummary, Severity } from '@/types/api'
import { useAlertFilter } from '../hooks/useAlertFilter'
import { ALERT_STATUSES } from '../rules'

export function AlertFilters({ summary }: { summary: AlertSummary | undefined }) {
  const { t } = useTranslation()
  const { filter, isActive, set, setSearch, clear } = useAlertFilter()
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('alert.search')} value={filter.q} onChange={setSearch} />
      <FilterMenu
        label={t('alert.severity')}
        options={SEVERITIES.map((value) => ({
          value,
          label: t(`severity.${value}`),
          count: summary?.by_severity[value] ?? 0,
        }))}
        selected={filter.severity}
        onChange={(severity) => void set({ severity: severity as Severity[] })}
      />
      <FilterMenu
        label={t('alert.status')}
        options={ALERT_STATUSES.map((value) => ({
          value,
          label: t(`alertStatus.${value}`),
          count: summary?.by_status[value] ?? 0,
        }))}
        selected={filter.status}
        onChange={(status) => void set({ status: status as AlertStatus[] })}
      />
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

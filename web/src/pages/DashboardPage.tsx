import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { AlertList } from '@/features/alerts/components/AlertList'
import { AlertsKpi } from '@/features/alerts/components/AlertsKpi'
import { ComplianceKpi } from '@/features/compliance/components/ComplianceKpi'
import { FindingsBySeverity } from '@/features/compliance/components/FindingsBySeverity'
import { SpendKpi } from '@/features/costs/components/SpendKpi'
import { SpendBy, SpendByDay } from '@/features/costs/components/SpendOverview'
import { RecentChanges } from '@/features/inventory/components/RecentChanges'
import { StaleKpi } from '@/features/inventory/components/StaleKpi'
import { SyncState } from '@/features/inventory/components/SyncState'
import { useAccountScope } from '@/hooks/useAccountScope'

export default function DashboardPage() {
  const { t } = useTranslation()
  const { accountId } = useAccountScope()
  const subAccount = useAccountNames().nativeIdOf(accountId)
  const costFirstUse = {
    title: t('cost.emptyTitle'),
    text: t('cost.emptyText'),
    action: <LinkButton to="/cost?import=true">{t('import.title')}</LinkButton>,
  }
  return (
    <ScrollPage>
      <PageHeader title={t('page.dashboard')} />
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1 lg:grid-cols-4">
        {[
          <SpendKpi key="spend" />,
          <AlertsKpi key="alerts" />,
          <ComplianceKpi key="compliance" />,
          <StaleKpi key="stale" />,
        ].map((kpi) => (
          <div key={kpi.key} className="min-h-24 rounded-card border border-border bg-surface hover:border-muted">
            {kpi}
          </div>
        ))}
      </div>
      <div className="grid gap-3 lg:grid-cols-3">
        <SpendByDay subAccount={subAccount} firstUse={costFirstUse} className="lg:col-span-2" />
        <div className="flex flex-col gap-3">
          <SpendBy dimension="provider" subAccount={subAccount} firstUse={costFirstUse} />
          <div className="flex-1">
            <SpendBy dimension="service" subAccount={subAccount} firstUse={costFirstUse} />
          </div>
        </div>
      </div>
      <div className="grid gap-3 lg:grid-cols-3">
        <FindingsBySeverity />
        <AlertList title={t('dashboard.newestAlerts')} />
        <RecentChanges accountId={accountId} />
      </div>
      <SyncState accountId={accountId} />
    </ScrollPage>
  )
}

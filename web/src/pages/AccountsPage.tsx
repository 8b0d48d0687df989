import { Plus } from 'lucide-react'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { AccountPanel } from '@/features/accounts/components/AccountPanel'
import { AccountTable } from '@/features/accounts/components/AccountTable'
import { JobProgress } from '@/features/jobs/components/JobProgress'
import { useOpenItem } from '@/hooks/useOpenItem'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'

// The forms library is only needed by those who connect.
const ConnectWizard = lazy(() =>
  import('@/features/accounts/components/ConnectWizard').then((module) => ({ default: module.ConnectWizard })),
)

const renderJob = (jobId: string) => <JobProgress id={jobId} />
const renderJobInPanel = (jobId: string) => <JobProgress id={jobId} hideEndedUnits />

export default function AccountsPage() {
  const { t } = useTranslation()
  const [connecting, setConnecting] = useQueryState('connect', parseAsBoolean.withDefault(false))
  const { openId, open, close } = useOpenItem()
  const { accounts } = useAccountNames()
  const mayConnect = useCan('accounts:write')
  const connectButton = mayConnect && (
    <Button variant="primary" icon={Plus} onClick={() => void setConnecting(true)}>
      {t('connect.title')}
    </Button>
  )
  return (
    <ListPage panel={openId && <AccountPanel key="panel" id={openId} onClose={close} renderJob={renderJobInPanel} />}>
      <PageHeader
        title={t('page.accounts')}
        count={accounts ? formatNumber(accounts.length) : null}
        actions={connectButton}
      />
      <AccountTable
        openId={openId}
        onOpen={open}
        firstUse={{ title: t('account.emptyTitle'), text: t('account.emptyText'), action: connectButton }}
      />
      {connecting && mayConnect && (
        <Suspense>
          <ConnectWizard onClose={() => void setConnecting(null)} renderJob={renderJob} />
        </Suspense>
      )}
    </ListPage>
  )
}

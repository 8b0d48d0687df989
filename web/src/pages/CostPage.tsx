import { Upload } from 'lucide-react'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { CostExplorer } from '@/features/costs/components/CostExplorer'
import { useAccountScope } from '@/hooks/useAccountScope'
import { useCan } from '@/services/permissions'

const ImportDialog = lazy(() =>
  import('@/features/costs/components/ImportDialog').then((module) => ({ default: module.ImportDialog })),
)

export default function CostPage() {
  const { t } = useTranslation()
  const [importing, setImporting] = useQueryState('import', parseAsBoolean.withDefault(false))
  const { accountId } = useAccountScope()
  const { nativeIdOf, byNativeId } = useAccountNames()
  const mayImport = useCan('imports:write')
  const importButton = mayImport && (
    <Button icon={Upload} onClick={() => void setImporting(true)}>
      {t('import.title')}
    </Button>
  )
  return (
    <ScrollPage>
      <PageHeader title={t('page.cost')} actions={importButton} />
      <CostExplorer
        subAccount={nativeIdOf(accountId)}
        accountName={byNativeId}
        firstUse={{ title: t('cost.emptyTitle'), text: t('cost.emptyText'), action: importButton }}
      />
      {importing && mayImport && (
        <Suspense>
          <ImportDialog onClose={() => void setImporting(null)} />
        </Suspense>
      )}
    </ScrollPage>
  )
}

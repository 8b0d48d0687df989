import { Boxes } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { InventoryCounts } from '@/features/inventory/components/InventoryCounts'
import { TagCoverage } from '@/features/inventory/components/TagCoverage'
import { UsageTrends } from '@/features/inventory/components/UsageTrends'
import { useScopedLink } from '@/hooks/useScopedLink'

export default function ResourceOverviewPage() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <ScrollPage>
      <PageHeader
        title={t('trend.pageTitle')}
        actions={
          <LinkButton to={scopedLink('/resources')} icon={Boxes}>
            {t('trend.toList')}
          </LinkButton>
        }
      />
      <UsageTrends />
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <InventoryCounts />
        <TagCoverage />
      </div>
    </ScrollPage>
  )
}

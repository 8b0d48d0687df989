import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { RangePicker } from '@/components/Layout/RangePicker'
import { Usage } from '@/features/organization/components/Usage'
import { useTimeRange } from '@/hooks/useTimeRange'

export default function UsagePage() {
  const { t } = useTranslation()
  const { range } = useTimeRange()
  return (
    <ScrollPage>
      <PageHeader title={t('page.usage')} actions={<RangePicker />} />
      <Usage from={range.from} to={range.to} />
    </ScrollPage>
  )
}

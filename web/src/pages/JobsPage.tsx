import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { JobPanel } from '@/features/jobs/components/JobPanel'
import { JobTable } from '@/features/jobs/components/JobTable'
import { useOpenItem } from '@/hooks/useOpenItem'

export default function JobsPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  return (
    <ListPage panel={openId && <JobPanel key="panel" id={openId} onClose={close} />}>
      <PageHeader title={t('page.jobs')} />
      <JobTable openId={openId} onOpen={open} />
    </ListPage>
  )
}

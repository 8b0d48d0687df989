import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { JobProgress } from '@/features/jobs/components/JobProgress'
import { EncryptionKeys } from '@/features/organization/components/EncryptionKeys'

const renderJob = (jobId: string) => <JobProgress id={jobId} hideEndedUnits />

export default function EncryptionKeysPage() {
  const { t } = useTranslation()
  return (
    <ScrollPage>
      <PageHeader title={t('page.keys')} />
      <EncryptionKeys renderJob={renderJob} />
    </ScrollPage>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { SidePanel } from '@/components/Common/SidePanel'
import { useCan } from '@/services/permissions'
import { jobQuery } from '../api'
import { useJobName } from '../hooks/useJobName'
import { JobProgress } from './JobProgress'

export function JobPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const jobName = useJobName()
  const { data } = useQuery({ ...jobQuery(id), enabled: useCan('jobs:read') })
  return (
    <SidePanel title={data ? jobName(data.kind) : t('job.one')} kicker={data?.kind} onClose={onClose}>
      <JobProgress id={id} />
    </SidePanel>
  )
}

import { Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ScrollPage } from '@/components/Layout/ListPage'
import { RoleList, type RoleTask } from '@/features/access/components/RoleList'
import { useCan } from '@/services/permissions'

const RoleEditor = lazy(() =>
  import('@/features/access/components/RoleEditor').then((module) => ({ default: module.RoleEditor })),
)

export default function RolesPage() {
  const { t } = useTranslation()
  const [task, setTask] = useState<RoleTask | 'new' | null>(null)
  const mayChange = useCan('roles:write')
  return (
    <ScrollPage>
      <PageHeader
        title={t('page.roles')}
        actions={
          mayChange && (
            <Button variant="primary" icon={Plus} onClick={() => setTask('new')}>
              {t('roles.create')}
            </Button>
          )
        }
      />
      <RoleList onTask={setTask} />
      {task && (
        <Suspense>
          <RoleEditor
            role={task === 'new' ? null : task.role}
            copy={task !== 'new' && task.kind === 'copy'}
            onClose={() => setTask(null)}
          />
        </Suspense>
      )}
    </ScrollPage>
  )
}

import { UserPlus } from 'lucide-react'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { FactorResets } from '@/features/access/components/FactorResets'
import { InvitationList } from '@/features/access/components/InvitationList'
import { MemberPanel } from '@/features/access/components/MemberPanel'
import { MemberTable } from '@/features/access/components/MemberTable'
import { useAccountNames } from '@/features/accounts/api'
import { useOpenItem } from '@/hooks/useOpenItem'
import { useCan } from '@/services/permissions'

const InviteDialog = lazy(() =>
  import('@/features/access/components/InviteDialog').then((module) => ({ default: module.InviteDialog })),
)

export default function MembersPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const [inviting, setInviting] = useQueryState('invite', parseAsBoolean.withDefault(false))
  const { accounts = [] } = useAccountNames()
  const mayChange = useCan('members:write')
  return (
    <ListPage panel={openId && <MemberPanel key={openId} id={openId} accounts={accounts} onClose={close} />}>
      <PageHeader
        title={t('page.members')}
        actions={
          mayChange && (
            <Button variant="primary" icon={UserPlus} onClick={() => void setInviting(true)}>
              {t('invitations.invite')}
            </Button>
          )
        }
      />
      <div className="flex min-h-0 flex-1 flex-col gap-3 overflow-y-auto">
        {mayChange && <FactorResets />}
        <MemberTable openId={openId} onOpen={open} accounts={accounts} />
        <InvitationList />
      </div>
      {inviting && mayChange && (
        <Suspense>
          <InviteDialog accounts={accounts} onClose={() => void setInviting(null)} />
        </Suspense>
      )}
    </ListPage>
  )
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { membersQuery } from '@/features/access/api/members'
import { AuditActions } from '@/features/audit/components/AuditActions'
import { AuditFilters } from '@/features/audit/components/AuditFilters'
import { AuditTable, OpenAuditEntry } from '@/features/audit/components/AuditTable'
import { SinkList } from '@/features/audit/components/SinkList'
import { useOpenItem } from '@/hooks/useOpenItem'
import { useCan } from '@/services/permissions'

const VIEWS = ['entries', 'destinations'] as const

export default function AuditPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const [view, setView] = useQueryState('view', parseAsStringLiteral(VIEWS).withDefault('entries'))
  const { data } = useInfiniteQuery({ ...membersQuery(), enabled: useCan('members:read') })
  const people = (data?.pages ?? []).flatMap(({ items }) =>
    items.map(({ id, name, email }) => ({ id, name: name || email })),
  )
  return (
    <ListPage panel={openId && view === 'entries' && <OpenAuditEntry key={openId} id={openId} onClose={close} />}>
      <PageHeader
        title={t('page.audit')}
        actions={
          <>
            {VIEWS.map((name) => (
              <Button
                key={name}
                variant="quiet"
                aria-pressed={view === name}
                className={view === name ? 'bg-surface-2! text-text!' : undefined}
                onClick={() => void setView(name)}
              >
                {t(`audit.${name}`)}
              </Button>
            ))}
            <AuditActions />
          </>
        }
      />
      {view === 'entries' ? (
        <>
          <AuditFilters people={people} />
          <AuditTable openId={openId} onOpen={open} />
        </>
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto">
          <SinkList />
        </div>
      )}
    </ListPage>
  )
}

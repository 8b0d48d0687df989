import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { ChangeFeed, ChangeFilters, useChanges } from '@/features/inventory/components/ChangeFeed'
import { ChangePanel } from '@/features/inventory/components/ChangePanel'
import { useOpenItem } from '@/hooks/useOpenItem'
import { formatNumber } from '@/services/format'

export default function ChangesPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const { query, rows, total } = useChanges()
  const change = rows.find(({ id }) => id === openId)
  return (
    <ListPage panel={change && <ChangePanel key={change.id} change={change} onClose={close} />}>
      <PageHeader title={t('page.changes')} count={total === null ? null : formatNumber(total)} />
      <ChangeFilters error={query.error} />
      <ChangeFeed openId={openId} onOpen={open} />
    </ListPage>
  )
}

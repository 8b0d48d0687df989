import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { parseAsString, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Select } from '@/components/Common/Select'
import type { Column } from '@/components/Common/VirtualTable'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { Orphan } from '@/types/api'
import { orphanSummaryQuery, orphansQuery } from '../api'
import { AnswerList, type AnswerListProps } from './AnswerList'

const detailOf = ({ detail }: Orphan): string => detail

/** What nothing uses, with the reason and what it costs a month, the most expensive first. */
export function OrphanList({ view, accountName }: AnswerListProps) {
  const { t } = useTranslation()
  const [reason, setReason] = useQueryState('reason', parseAsString.withOptions({ history: 'push' }))
  const allowed = useCan('topology:read')
  const query = useInfiniteQuery({ ...orphansQuery({ accountId: view.accountId, reason }), enabled: allowed })
  const { data: summary } = useQuery({ ...orphanSummaryQuery(), enabled: allowed })
  const reasons = (summary?.items ?? []).filter(({ count }) => count > 0)
  const ownColumns = useMemo<Column<Orphan>[]>(
    () => [
      {
        id: 'cost',
        header: t('resource.monthlyCost'),
        track: '110px',
        align: 'end',
        cell: ({ monthly_cost: cost }) =>
          cost.length > 0 ? <Amount sums={cost} /> : <span className="text-muted">–</span>,
      },
    ],
    [t],
  )
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Select
          label={t('orphan.reason')}
          value={reason ?? ''}
          options={[
            { value: '', label: t('orphan.anyReason') },
            ...reasons.map((item) => ({ value: item.reason, label: `${item.title} (${formatNumber(item.count)})` })),
          ]}
          onChange={(value) => void setReason(value || null)}
        />
        {summary && summary.monthly_cost.length > 0 && !view.accountId && (
          <span className="text-muted">
            {t('orphan.total')} <Amount sums={summary.monthly_cost} className="text-text" />
          </span>
        )}
      </div>
      <AnswerList
        view={view}
        accountName={accountName}
        label={t('map.mode.orphans')}
        query={query}
        reason={{ header: t('orphan.why'), of: detailOf }}
        ownColumns={ownColumns}
        aside={({ monthly_cost: cost }) => <Amount sums={cost} className="shrink-0" />}
        firstUse={{ title: t('orphan.noneTitle'), text: t('orphan.noneText') }}
        noMatch={reason ? { text: t('orphan.noMatch'), onClear: () => void setReason(null) } : null}
      />
    </>
  )
}

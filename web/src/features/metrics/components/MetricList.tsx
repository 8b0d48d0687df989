import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { RowTable } from '@/components/Common/RowTable'
import { SearchField } from '@/components/Common/SearchField'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { metricNamesQuery } from '../api'
import { type Question, usualFunction } from '../rules/questions'

type Props = { firstUse: FirstUse; onPick: (question: Question) => void }

/** Which metrics there are, while none is chosen yet. */
export function MetricList({ firstUse, onPick }: Props) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const query = useQuery({ ...metricNamesQuery(text), enabled: useCan('metrics:read') })
  return (
    <>
      <div className="flex">
        <SearchField label={t('metrics.search')} value={text} onChange={setText} />
      </div>
      <QueryState
        query={query}
        permission="metrics:read"
        skeleton={<SkeletonRows rows={8} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={firstUse}
        noMatch={text ? { text: t('metrics.noMatch', { text }), onClear: () => setText('') } : null}
        partial={({ next_cursor }) => (next_cursor ? t('metrics.moreNames') : null)}
      >
        {({ items }) => (
          <RowTable
            label={t('metrics.metrics')}
            rows={items}
            rowId={({ name }) => name}
            columns={[
              {
                id: 'name',
                header: t('metrics.metric'),
                cell: ({ name, help }) => (
                  <>
                    <span className="font-mono text-11 break-all">{name}</span>
                    {help && <span className="block text-muted">{help}</span>}
                  </>
                ),
              },
              { id: 'type', header: t('metrics.type'), wideOnly: true, cell: ({ type }) => type || '–' },
              { id: 'unit', header: t('metrics.unit'), wideOnly: true, cell: ({ unit }) => unit || '–' },
              { id: 'series', header: t('metrics.series'), align: 'end', cell: ({ series }) => formatNumber(series) },
            ]}
            actions={({ name, type }) => (
              <Button
                aria-label={t('metrics.showNamed', { name })}
                onClick={() => onPick({ operation: usualFunction(type, name), selector: name })}
              >
                {t('metrics.show')}
              </Button>
            )}
          />
        )}
      </QueryState>
    </>
  )
}

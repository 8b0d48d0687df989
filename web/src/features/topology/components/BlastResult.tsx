import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { typeName } from '@/services/typeName'
import type { BlastRadius } from '@/types/api'
import { blastQuery } from '../api'
import type { MapView } from '../hooks/useMapView'
import { graphOf } from '../rules/graph'
import { Drawing } from './Drawing'
import { useChanged } from './TopologyMap'

type Props = { view: MapView; accountName: (id: string) => string }

/** What would be hit if a resource failed: how many of each type, what they cost a month, and the map of them. */
export function BlastResult({ view, accountName }: Props) {
  const { t } = useTranslation()
  const query = useQuery({
    ...blastQuery(view.root, view.depth),
    enabled: useCan('topology:read') && Boolean(view.root),
  })
  return (
    <QueryState
      query={query}
      permission="topology:read"
      skeleton={<Skeleton className="h-[60vh]" />}
      isEmpty={({ nodes }) => nodes.length <= 1}
      firstUse={{ title: t('map.noBlast'), text: t('map.noBlastText') }}
      partial={({ truncated, outside }) =>
        [truncated && t('map.blastTruncated'), outside > 0 && t('map.blastOutside', { count: outside })]
          .filter(Boolean)
          .join(' ')
      }
    >
      {(answer) => <BlastDrawing answer={answer} view={view} accountName={accountName} />}
    </QueryState>
  )
}

function BlastDrawing({ answer, view, accountName }: Props & { answer: BlastRadius }) {
  const { t } = useTranslation()
  const changed = useChanged(view)
  const graph = useMemo(() => graphOf(answer.nodes, answer.edges), [answer])
  const root = graph.nodes.find(({ distance }) => distance === 0)
  return (
    <div className="flex min-h-0 flex-1 gap-3 max-lg:flex-col max-lg:overflow-y-auto">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col gap-3 max-lg:min-h-[60vh]">
        <Drawing
          view={view}
          graph={graph}
          changed={changed}
          rootId={root?.id ?? null}
          accountName={accountName}
          label={t('map.blastOf', { name: root?.label ?? '' })}
        />
      </div>
      <div className="w-72 shrink-0 overflow-y-auto max-lg:order-first max-lg:w-full">
        <BlastSummary answer={answer} />
      </div>
    </div>
  )
}

export function BlastSummary({ answer }: { answer: BlastRadius }) {
  const { t } = useTranslation()
  const total = answer.by_type.reduce((sum, { count }) => sum + count, 0)
  return (
    <Card title={t('map.blastTitle')}>
      <dl className="mb-3 grid grid-cols-2 gap-3">
        <div>
          <dt className="text-11 text-muted">{t('map.dependents')}</dt>
          <dd className="text-24 font-semibold tabular-nums">{formatNumber(total)}</dd>
        </div>
        <div>
          <dt className="text-11 text-muted">{t('map.costAtRisk')}</dt>
          <dd className="text-18 font-semibold">
            <Amount sums={answer.monthly_cost} whole />
          </dd>
        </div>
      </dl>
      <table className="w-full">
        <caption className="sr-only">{t('map.byType')}</caption>
        <thead className="text-11 text-muted">
          <tr>
            <th scope="col" className="text-left font-medium">
              {t('resource.type')}
            </th>
            <th scope="col" className="text-right font-medium">
              {t('map.count')}
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.by_type.map(({ type, count }) => (
            <tr key={type} className="border-t border-border">
              <th scope="row" className="py-1 text-left font-normal">
                {typeName(type)}
              </th>
              <td className="py-1 text-right tabular-nums">{formatNumber(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  )
}

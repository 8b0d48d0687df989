import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { FirstUseState } from '@/components/Common/States'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'
import { isProblem } from '@/services/problem'
import type { TopologyAnswer } from '@/types/api'
import { changedQuery, mapQuery } from '../api'
import { useGroupNames } from '../hooks/useGroupNames'
import type { MapView } from '../hooks/useMapView'
import { DOTS_FROM, graphOf, MOST_CARDS, openable } from '../rules/graph'
import type { ChangeTimes } from '../rules/overlays'
import { Drawing, preloadRenderers } from './Drawing'

type Props = { view: MapView; accountName: (id: string) => string }

const NO_CHANGES: ChangeTimes = new Map()

/** The newest changes, asked for only while the map shows them. */
export function useChanged(view: MapView): ChangeTimes {
  const wanted = view.overlay === 'change' || view.view === 'table'
  const isMap = view.mode === 'map'
  // From one resource the way may lead into other accounts, as on the map itself.
  const accountId = isMap && !view.root ? view.accountId : null
  const asked = changedQuery(accountId, isMap ? view.at : null)
  const { data } = useQuery({ ...asked, enabled: useCan('inventory:read') && wanted })
  return data ?? NO_CHANGES
}

/**
 * The question's answer. Between the most that cards are good for and the least that dots are for, it is asked again
 * in groups.
 */
export function useMap(view: MapView) {
  const enabled = useCan('topology:read') && view.mode === 'map' && view.hasStart
  const asked = mapQuery(view.question)
  const queryClient = useQueryClient()
  // The longest wait of the page starts while the page is still being drawn, not after.
  if (enabled && !queryClient.getQueryState(asked.queryKey)) void queryClient.prefetchQuery(asked)
  const flat = useQuery({ ...asked, enabled })
  const size = flat.data?.nodes.length ?? 0
  const isCrowded = !view.by && size > MOST_CARDS && size < DOTS_FROM
  const grouped = useQuery({ ...mapQuery({ ...view.question, by: 'type' }), enabled: enabled && isCrowded })
  return { query: isCrowded ? grouped : flat, isCrowded, size }
}

/** Renderers are fetched once the page stands, before there is an answer to draw. */
export function usePreloadedRenderers() {
  useEffect(preloadRenderers, [])
}

/** A neighbourhood, network or account on a map. */
export function TopologyMap({ view, accountName }: Props) {
  const { t } = useTranslation()
  const { query, isCrowded, size } = useMap(view)
  const changed = useChanged(view)
  const partial = ({ truncated, nodes, total_nodes }: TopologyAnswer) =>
    truncated
      ? t('map.truncated', { shown: formatNumber(nodes.length), total: formatNumber(total_nodes) })
      : isCrowded
        ? t('map.crowded', { count: size, shown: formatNumber(size) })
        : null
  if (view.at !== null && isProblem(query.error, 'not-found')) {
    return (
      <FirstUseState
        title={t('map.notThen')}
        text={t('map.notThenText')}
        action={<Button onClick={() => void view.set({ at: null })}>{t('travel.back')}</Button>}
      />
    )
  }
  return (
    <QueryState
      query={query}
      permission="topology:read"
      // Still: a large area that pulses keeps the browser from drawing the map.
      skeleton={<Skeleton className="h-[60vh] animate-none!" />}
      isEmpty={({ nodes }) => nodes.length === 0}
      firstUse={{ title: t('map.emptyTitle'), text: t('map.emptyText') }}
      noMatch={view.type.length > 0 ? { text: t('map.noMatch'), onClear: () => void view.set({ type: null }) } : null}
      partial={partial}
    >
      {(answer) => (
        <MapDrawing answer={answer} isCrowded={isCrowded} view={view} changed={changed} accountName={accountName} />
      )}
    </QueryState>
  )
}

type DrawingProps = Props & { answer: TopologyAnswer; isCrowded: boolean; changed: ChangeTimes }

function MapDrawing({ answer, isCrowded, view, changed, accountName }: DrawingProps) {
  const { t } = useTranslation()
  const by = isCrowded ? 'type' : view.by
  const nameOf = useGroupNames(answer, by, accountName)
  const openKey = JSON.stringify(view.open)
  const graph = useMemo(
    () => graphOf(answer.nodes, answer.edges, openable(JSON.parse(openKey) as string[], by), nameOf),
    [answer, openKey, by, nameOf],
  )
  const root = graph.nodes.find(({ resource_id }) => resource_id !== null && resource_id === view.root)
  return (
    <Drawing
      view={view}
      graph={graph}
      changed={changed}
      rootId={root?.id ?? null}
      accountName={accountName}
      label={root ? t('map.around', { name: root.label }) : t('page.topology')}
    />
  )
}

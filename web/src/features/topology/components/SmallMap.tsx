import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { mapQuery } from '../api'
import { graphOf, type MapNode } from '../rules/graph'
import { marksOf } from '../rules/overlays'

const GraphCards = lazy(() => import('./GraphCards'))

const NO_CHANGES = new Map<string, string>()

/** The nearest neighbours of one resource, now or then; each leads on to its own page, as the list beside it. */
export function SmallMap({ id, at }: { id: string; at: string | null }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const query = useQuery({
    ...mapQuery({
      root: id,
      network: null,
      accountId: null,
      depth: 1,
      dir: 'both',
      types: '',
      by: '',
      open: [],
      at,
    }),
    enabled: useCan('topology:read'),
  })
  const data = query.data
  const onMap = scopedLink('/topology', { root: id, at })
  const graph = useMemo(() => graphOf(data?.nodes ?? [], data?.edges ?? []), [data])
  const marks = useMemo(() => marksOf('findings', graph.nodes, NO_CHANGES), [graph])
  return (
    <QueryState
      query={query}
      permission="topology:read"
      skeleton={<Skeleton className="h-96" />}
      isEmpty={({ nodes }) => nodes.length === 0}
      firstUse={{ title: t('map.emptyTitle'), quiet: true }}
    >
      {() => (
        <div className="h-[min(60vh,520px)] overflow-hidden rounded-card border border-border bg-bg">
          <Suspense fallback={<Skeleton className="size-full" />}>
            <GraphCards
              graph={graph}
              overlay="findings"
              marks={marks}
              bright={null}
              rootId={id}
              openId={null}
              focusId={null}
              label={t('map.neighbours')}
              onToggleGroup={() => void navigate(onMap)}
              onOpen={(node: MapNode) =>
                void navigate(
                  node.resource_id ? scopedLink(`/resources/${node.resource_id}`, { tab: 'relations', at }) : onMap,
                )
              }
            />
          </Suspense>
        </div>
      )}
    </QueryState>
  )
}

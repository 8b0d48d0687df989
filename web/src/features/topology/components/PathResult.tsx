import { useQuery } from '@tanstack/react-query'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { useCan } from '@/services/permissions'
import { typeName } from '@/services/typeName'
import type { TopologyNode, TopologyPaths } from '@/types/api'
import { pathsQuery } from '../api'
import type { MapView } from '../hooks/useMapView'
import { graphOf } from '../rules/graph'
import { edgesOfPaths } from '../rules/paths'
import { Drawing } from './Drawing'
import { useChanged } from './TopologyMap'

type Props = { view: MapView; accountName: (id: string) => string }

/** The shortest ways between two resources: each as a chain of steps, all of them on one map. */
export function PathResult({ view, accountName }: Props) {
  const { t } = useTranslation()
  const { from, to } = view
  const query = useQuery({ ...pathsQuery(from, to), enabled: useCan('topology:read') && Boolean(from && to) })
  return (
    <QueryState
      query={query}
      permission="topology:read"
      skeleton={<Skeleton className="h-[60vh]" />}
      isEmpty={({ paths }) => paths.length === 0}
      firstUse={{ title: t('map.noPath'), text: t('map.noPathText') }}
      partial={({ truncated }) => truncated && t('map.pathTruncated')}
    >
      {(answer) => <PathDrawing answer={answer} view={view} accountName={accountName} />}
    </QueryState>
  )
}

function PathDrawing({ answer, view, accountName }: Props & { answer: TopologyPaths }) {
  const { t } = useTranslation()
  const changed = useChanged(view)
  const graph = useMemo(() => graphOf(answer.nodes, edgesOfPaths(answer)), [answer])
  const root = graph.nodes.find(({ resource_id }) => resource_id === view.from)
  return (
    <div className="flex min-h-0 flex-1 gap-3 max-lg:flex-col max-lg:overflow-y-auto">
      <div className="flex min-h-0 min-w-0 flex-1 flex-col gap-3 max-lg:min-h-[60vh]">
        <Drawing
          view={view}
          graph={graph}
          changed={changed}
          rootId={root?.id ?? null}
          accountName={accountName}
          label={t('map.pathsOn')}
        />
      </div>
      <div className="flex w-80 shrink-0 flex-col gap-3 overflow-y-auto max-lg:w-full">
        {answer.paths.map((path, index) => (
          <Card
            key={path.resource_ids.join(' ')}
            title={t('map.pathTitle', { number: index + 1, count: path.steps.length })}
          >
            <Chain path={path} nodes={answer.nodes} onOpen={(id) => void view.set({ id })} />
          </Card>
        ))}
      </div>
    </div>
  )
}

type ChainProps = { path: TopologyPaths['paths'][number]; nodes: TopologyNode[]; onOpen: (id: string) => void }

function Chain({ path, nodes, onOpen }: ChainProps) {
  const { t } = useTranslation()
  const nodeOf = (id: string) => nodes.find(({ resource_id }) => resource_id === id)
  return (
    <ol className="flex flex-col">
      {path.resource_ids.map((id, index) => {
        const node = nodeOf(id)
        const step = path.steps[index]
        const Arrow = step?.reverse ? ArrowUp : ArrowDown
        return (
          <li key={id}>
            <button
              type="button"
              className="link block min-h-6 max-w-full truncate text-left font-medium"
              onClick={() => onOpen(id)}
            >
              {node?.label ?? id}
            </button>
            {node?.type && <p className="text-11 text-muted">{typeName(node.type)}</p>}
            {step && (
              <p className="my-1 flex items-center gap-1.5 text-11 text-muted">
                <Arrow size={12} aria-label={step.reverse ? t('map.against') : t('map.along')} />
                {typeName(step.kind)}
              </p>
            )}
          </li>
        )
      })}
    </ol>
  )
}

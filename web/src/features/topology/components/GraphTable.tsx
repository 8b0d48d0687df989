import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { SeverityMark } from '@/components/Common/Severity'
import { Tabs } from '@/components/Common/Tabs'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { formatNumber } from '@/services/format'
import { typeName } from '@/services/typeName'
import { useKindName } from '../hooks/useNames'
import { type MapEdge, type MapGraph, type MapNode, tiesOf } from '../rules/graph'
import { type ChangeTimes, findingTotal, worstFinding } from '../rules/overlays'

type Props = {
  graph: MapGraph
  changed: ChangeTimes
  openId: string | null
  onOpen: (node: MapNode) => void
  accountName: (id: string) => string
}

/** The same data as the map: what is on it, and how it is tied. */
export function GraphTable(props: Props) {
  const { t } = useTranslation()
  const [rows, setRows] = useQueryState(
    'rows',
    parseAsStringLiteral(['resources', 'relations']).withDefault('resources'),
  )
  const { graph } = props
  return (
    <div className="flex min-h-0 flex-1 flex-col [&>div]:flex [&>div]:min-h-0 [&>div]:flex-1 [&>div]:flex-col [&_[role=tabpanel]]:flex [&_[role=tabpanel]]:min-h-0 [&_[role=tabpanel]]:flex-1 [&_[role=tabpanel]]:flex-col">
      <Tabs
        label={t('map.table')}
        value={rows}
        onChange={(value) => void setRows(value as typeof rows)}
        tabs={[
          {
            id: 'resources',
            label: t('map.resources'),
            count: graph.nodes.length,
            content: <NodeTable {...props} />,
          },
          {
            id: 'relations',
            label: t('relation.title'),
            count: graph.edges.length,
            content: <EdgeTable {...props} />,
          },
        ]}
      />
    </div>
  )
}

function NodeTable({ graph, changed, openId, onOpen, accountName }: Props) {
  const { t } = useTranslation()
  const columns = useNodeColumns(graph, changed, accountName)
  const kindName = useKindName()
  return (
    <VirtualTable
      label={t('map.resources')}
      rows={graph.nodes}
      columns={columns}
      total={graph.nodes.length}
      rowId={({ id }) => id}
      rowName={({ label }) => label}
      openId={openId}
      onOpen={(id) => {
        const node = graph.nodes.find((known) => known.id === id)
        if (node) onOpen(node)
      }}
      narrowRow={(node) => (
        <div className="flex flex-col gap-0.5">
          <div className="flex items-baseline justify-between gap-2">
            <span className="truncate font-medium">{node.label}</span>
            {node.cost.length > 0 && <Amount sums={node.cost} className="shrink-0" />}
          </div>
          <div className="flex items-center gap-3 text-13 text-muted">
            <span className="truncate">{kindName(node)}</span>
            <span className="flex-1" />
            <Findings node={node} />
          </div>
        </div>
      )}
    />
  )
}

function Findings({ node }: { node: MapNode }) {
  const worst = worstFinding(node)
  if (!worst) return null
  return (
    <span className="inline-flex items-center gap-1.5">
      <SeverityMark severity={worst} />
      <span className="tabular-nums">{formatNumber(findingTotal(node))}</span>
    </span>
  )
}

function useNodeColumns(graph: MapGraph, changed: ChangeTimes, accountName: (id: string) => string): Column<MapNode>[] {
  const { t } = useTranslation()
  const kindName = useKindName()
  return useMemo(() => {
    const ties = tiesOf(graph.edges)
    return [
      {
        id: 'name',
        header: t('resource.name'),
        track: 'minmax(180px, 2.2fr)',
        cell: (node) => (
          <span className="font-medium" title={node.native_id ?? undefined}>
            {node.label}
            {node.kind === 'group' && (
              <span className="ml-2 font-normal text-muted">
                {t('map.groupOf', { count: node.count, shown: formatNumber(node.count) })}
              </span>
            )}
          </span>
        ),
      },
      {
        id: 'type',
        header: t('resource.type'),
        track: 'minmax(130px, 1.5fr)',
        cell: kindName,
      },
      {
        id: 'account',
        drop: 3,
        header: t('resource.account'),
        track: 'minmax(120px, 1.3fr)',
        cell: (node) => (node.account_id ? accountName(node.account_id) : ''),
      },
      { id: 'region', drop: 4, header: t('resource.region'), track: '110px', cell: (node) => node.region },
      {
        id: 'distance',
        drop: 5,
        header: t('map.distance'),
        track: '72px',
        align: 'end',
        cell: (node) => node.distance ?? '–',
      },
      {
        id: 'in',
        drop: 6,
        header: t('map.in'),
        track: '64px',
        align: 'end',
        cell: ({ id }) => formatNumber(ties.get(id)?.in ?? 0),
      },
      {
        id: 'out',
        drop: 6,
        header: t('map.out'),
        track: '64px',
        align: 'end',
        cell: ({ id }) => formatNumber(ties.get(id)?.out ?? 0),
      },
      {
        id: 'findings',
        header: t('map.overlay.findings'),
        track: '124px',
        cell: (node) => <Findings node={node} />,
      },
      {
        id: 'cost',
        drop: 1,
        header: t('resource.monthlyCost'),
        track: '110px',
        align: 'end',
        cell: (node) => (node.cost.length > 0 ? <Amount sums={node.cost} /> : <span className="text-muted">–</span>),
      },
      {
        id: 'state',
        drop: 2,
        header: t('map.overlay.change'),
        track: '110px',
        align: 'end',
        cell: (node) => {
          const at = node.resource_id ? changed.get(node.resource_id) : undefined
          return at ? <Time at={at} className="text-muted" /> : node.stale ? t('resource.stale') : ''
        },
      },
    ]
  }, [graph, changed, accountName, kindName, t])
}

function EdgeTable({ graph, openId, onOpen }: Props) {
  const { t } = useTranslation()
  const byId = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  const name = (id: string) => byId.get(id)?.label ?? id
  const columns: Column<MapEdge>[] = [
    { id: 'source', header: t('map.from'), track: 'minmax(140px, 2fr)', cell: ({ source }) => name(source) },
    { id: 'kind', header: t('map.relation'), track: 'minmax(120px, 1fr)', cell: ({ kind }) => typeName(kind) },
    { id: 'target', header: t('map.to'), track: 'minmax(140px, 2fr)', cell: ({ target }) => name(target) },
    {
      id: 'count',
      header: t('map.count'),
      track: '80px',
      align: 'end',
      cell: ({ count }) => formatNumber(count),
    },
  ]
  return (
    <VirtualTable
      label={t('relation.title')}
      rows={graph.edges}
      columns={columns}
      total={graph.edges.length}
      rowId={({ id }) => id}
      rowName={({ source, target }) => `${name(source)} ${name(target)}`}
      openId={graph.edges.find(({ target }) => target === openId)?.id ?? null}
      onOpen={(id) => {
        const edge = graph.edges.find((known) => known.id === id)
        const node = edge && byId.get(edge.target)
        if (node) onOpen(node)
      }}
      narrowRow={({ source, kind, target }) => (
        <span className="block truncate">
          {name(source)} <span className="text-muted">{typeName(kind)}</span> {name(target)}
        </span>
      )}
    />
  )
}

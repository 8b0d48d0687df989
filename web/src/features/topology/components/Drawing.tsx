import { Search } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Combobox } from '@/components/Common/Combobox'
import { classes } from '@/components/Common/classes'
import { loadable } from '@/components/Common/loadable'
import { Skeleton } from '@/components/Common/Skeleton'
import { Strip } from '@/components/Common/States'
import { formatNumber } from '@/services/format'
import type { MapView } from '../hooks/useMapView'
import { useKindName } from '../hooks/useNames'
import { aroundOf, drawingOf, findNodes, type MapGraph, type MapNode } from '../rules/graph'
import { type ChangeTimes, marksOf } from '../rules/overlays'
import { GraphTable } from './GraphTable'
import { MapLegend } from './Legend'

// Renderers and layout are parts of their own, fetched while the answer is on its way.
const cards = loadable(() => import('./GraphCards'))
const dots = loadable(() => import('./GraphDots'))

/** Fetches what may be drawn with, before it is known which it will be. */
export function preloadRenderers() {
  dots.load()
  cards.load()
}

type Props = {
  view: MapView
  graph: MapGraph
  changed: ChangeTimes
  rootId: string | null
  label: string
  accountName: (id: string) => string
}

/** A graph as map or table, with the search that brightens one node and dims the rest. */
export function Drawing({ view, graph, changed, rootId, label, accountName }: Props) {
  const { t } = useTranslation()
  const { overlay, id, find, set, replace, toggleGroup } = view
  const marks = useMemo(() => marksOf(overlay, graph.nodes, changed), [overlay, graph.nodes, changed])
  const bright = useMemo(
    () => (find && graph.nodes.some(({ id }) => id === find) ? aroundOf(find, graph.edges) : null),
    [find, graph],
  )
  const openNode = graph.nodes.find((node) => node.id === id || (id !== null && node.resource_id === id))
  const openId = openNode?.id ?? null
  const drawing = drawingOf(graph.nodes.length)
  const onOpen = useCallback(
    (node: MapNode) => {
      if (node.kind === 'group') toggleGroup(node.id)
      else void set({ id: node.resource_id ?? node.id }, { history: id ? 'replace' : 'push' })
    },
    [set, toggleGroup, id],
  )
  const look = { graph, overlay, marks, bright, rootId, openId, onOpen, onToggleGroup: toggleGroup, label }
  const Renderer = drawing === 'dots' ? dots.Part : cards.Part
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <FindNode graph={graph} found={find} onFind={(id) => replace({ find: id })} />
        <MapLegend graph={graph} overlay={overlay} drawing={drawing} />
      </div>
      {view.view === 'table' ? (
        <GraphTable graph={graph} changed={changed} openId={openId} onOpen={onOpen} accountName={accountName} />
      ) : (
        // Round corners cut out of what WebGL draws cost a browser without a graphics card more than the drawing itself.
        <div
          className={classes(
            'min-h-80 flex-1 border border-border bg-bg',
            drawing === 'cards' && 'overflow-hidden rounded-card',
          )}
        >
          <Renderer {...look} focusId={find || null} fallback={<Skeleton className="size-full animate-none!" />} />
        </div>
      )}
      {drawing === 'dots' && view.view === 'map' && (
        <Strip>{t('map.asDots', { count: graph.nodes.length, shown: formatNumber(graph.nodes.length) })}</Strip>
      )}
    </>
  )
}

type FindProps = { graph: MapGraph; found: string; onFind: (id: string | null) => void }

/** Search on the map itself. */
function FindNode({ graph, found, onFind }: FindProps) {
  const { t } = useTranslation()
  const kindName = useKindName()
  const [text, setText] = useState('')
  const picked = graph.nodes.find(({ id }) => id === found)
  const options = findNodes(graph.nodes, text).map((node) => ({
    id: node.id,
    label: node.label,
    detail: kindName(node),
  }))
  return (
    <div className="flex items-center gap-2">
      <div className="w-56">
        <Combobox
          hideLabel
          label={t('map.find')}
          placeholder={t('map.find')}
          icon={Search}
          picked={picked?.label}
          options={options}
          onSearch={setText}
          onPick={({ id }) => onFind(id)}
        />
      </div>
      {picked && (
        <button type="button" className="link min-h-7" onClick={() => onFind(null)}>
          {t('map.showEverything')}
        </button>
      )}
    </div>
  )
}

import { Crosshair, Radar, Route } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { ResourceFindings } from '@/features/compliance/components/ResourceFindings'
import { ResourcePanel } from '@/features/inventory/components/ResourcePanel'
import { BlastResult } from '@/features/topology/components/BlastResult'
import { ExposedList } from '@/features/topology/components/ExposedList'
import { ExternalPanel } from '@/features/topology/components/ExternalPanel'
import { MapToolbar } from '@/features/topology/components/MapToolbar'
import { OrphanList } from '@/features/topology/components/OrphanList'
import { PathResult } from '@/features/topology/components/PathResult'
import { StartSearch } from '@/features/topology/components/StartSearch'
import { TopologyMap, useMap, usePreloadedRenderers } from '@/features/topology/components/TopologyMap'
import { type MapView, useMapView } from '@/features/topology/hooks/useMapView'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'

export default function TopologyPage() {
  const { t } = useTranslation()
  const view = useMapView()
  const { accounts = [], byId } = useAccountNames()
  const { query } = useMap(view)
  const allowed = useCan('topology:read')
  usePreloadedRenderers()
  const nodes = query.data?.nodes
  const start = nodes?.find(({ resource_id }) => resource_id !== null && resource_id === view.root)
  const types = useMemo(() => typesOf(nodes ?? []), [nodes])
  const count = view.hasStart && view.mode === 'map' && query.data ? formatNumber(query.data.total_nodes) : null
  return (
    <ListPage panel={view.id && <NodePanel key="panel" view={view} id={view.id} />}>
      <PageHeader title={t('page.topology')} count={count} />
      {allowed && <MapToolbar view={view} accounts={accounts} startName={start?.label} types={types} />}
      {!view.hasStart || !allowed ? (
        <StartSearch view={view} accounts={accounts} />
      ) : view.mode === 'exposed' ? (
        <ExposedList view={view} accountName={byId} />
      ) : view.mode === 'orphans' ? (
        <OrphanList view={view} accountName={byId} />
      ) : view.mode === 'path' ? (
        <PathResult view={view} accountName={byId} />
      ) : view.mode === 'blast' ? (
        <BlastResult view={view} accountName={byId} />
      ) : (
        <TopologyMap view={view} accountName={byId} />
      )}
    </ListPage>
  )
}

function typesOf(nodes: readonly { type: string | null }[]): string[] {
  const types = new Set<string>()
  for (const { type } of nodes) if (type) types.add(type)
  return [...types]
}

const RESOURCE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/

/** A node with all that is known of it, and what to ask next. */
function NodePanel({ view, id }: { view: MapView; id: string }) {
  const { t } = useTranslation()
  const { query } = useMap(view)
  const close = () => void view.set({ id: null })
  const node = query.data?.nodes.find((known) => known.id === id)
  if (!RESOURCE_ID.test(id)) return node ? <ExternalPanel node={node} onClose={close} /> : null
  return (
    <ResourcePanel
      id={id}
      at={view.mode === 'map' ? view.at : null}
      onClose={close}
      findings={<ResourceFindings key={id} id={id} />}
      actions={
        <>
          <Button icon={Crosshair} onClick={() => view.startAt(id)}>
            {t('map.startHere')}
          </Button>
          <Button icon={Radar} onClick={() => void view.set({ mode: 'blast', root: id, find: null })}>
            {t('map.mode.blast')}
          </Button>
          <Button icon={Route} onClick={() => void view.set({ mode: 'path', from: id, to: null, find: null })}>
            {t('map.pathFrom')}
          </Button>
        </>
      }
    />
  )
}

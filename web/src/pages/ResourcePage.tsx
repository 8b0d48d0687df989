import { useQuery } from '@tanstack/react-query'
import { Waypoints } from 'lucide-react'
import { parseAsString, parseAsStringLiteral, useQueryState } from 'nuqs'
import { lazy, type ReactNode, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { LinkButton } from '@/components/Common/Button'
import { Card } from '@/components/Common/Card'
import { CopyButton } from '@/components/Common/Copy'
import { PageHeader } from '@/components/Common/PageHeader'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton, SkeletonRows } from '@/components/Common/Skeleton'
import { Strip } from '@/components/Common/States'
import { Tabs } from '@/components/Common/Tabs'
import { TimeTravel } from '@/components/Common/TimeTravel'
import { ScrollPage } from '@/components/Layout/ListPage'
import { resourceQuery } from '@/features/inventory/api'
import { ResourceFacts, ResourceTags } from '@/features/inventory/components/ResourceFacts'
import { StaleNote } from '@/features/inventory/components/StaleNote'
import { typeName } from '@/features/inventory/rules'
import { useScopedLink } from '@/hooks/useScopedLink'
import { formatInstant } from '@/services/format'
import { useCan } from '@/services/permissions'
import type { ResourceDetail } from '@/types/api'

// Each tab is a part of its own, so that the page opens with what its first tab needs.
const JsonTree = lazy(() => import('@/components/Common/JsonTree').then((module) => ({ default: module.JsonTree })))
const ResourceHistory = lazy(() =>
  import('@/features/inventory/components/ResourceHistory').then((module) => ({ default: module.ResourceHistory })),
)
const ResourceRelations = lazy(() =>
  import('@/features/inventory/components/ResourceRelations').then((module) => ({ default: module.ResourceRelations })),
)
const SmallMap = lazy(() =>
  import('@/features/topology/components/SmallMap').then((module) => ({ default: module.SmallMap })),
)
const Exposure = lazy(() =>
  import('@/features/topology/components/Exposure').then((module) => ({ default: module.Exposure })),
)
const ResourceFindings = lazy(() =>
  import('@/features/compliance/components/ResourceFindings').then((module) => ({ default: module.ResourceFindings })),
)
const ResourceCost = lazy(() =>
  import('@/features/costs/components/ResourceCost').then((module) => ({ default: module.ResourceCost })),
)
const ResourceAnomalies = lazy(() =>
  import('@/features/anomalies/components/ResourceAnomalies').then((module) => ({ default: module.ResourceAnomalies })),
)
const ResourceHealth = lazy(() =>
  import('@/features/metrics/components/ResourceHealth').then((module) => ({ default: module.ResourceHealth })),
)
const AlertList = lazy(() =>
  import('@/features/alerts/components/AlertList').then((module) => ({ default: module.AlertList })),
)

const TABS = [
  'overview',
  'health',
  'properties',
  'relations',
  'history',
  'exposure',
  'findings',
  'cost',
  'alerts',
] as const
type Tab = (typeof TABS)[number]

export default function ResourcePage() {
  const { t } = useTranslation()
  const { resourceId = '' } = useParams()
  const [at, setAt] = useQueryState('at', parseAsString.withOptions({ history: 'push' }))
  const scopedLink = useScopedLink()
  const query = useQuery({ ...resourceQuery(resourceId, at), enabled: useCan('inventory:read') })
  const resource = query.data
  return (
    <ScrollPage>
      <PageHeader
        title={resource ? resource.name || resource.native_id : t('resource.one')}
        note={resource && `${typeName(resource.type)} · ${resource.region} · ${resource.account_name}`}
        actions={
          <>
            {resource && <CopyButton text={resource.native_id} label={t('action.copyId')} />}
            <LinkButton to={scopedLink('/topology', { root: resourceId, at })} icon={Waypoints}>
              {t('resource.onMap')}
            </LinkButton>
            <TimeTravel at={at} onChange={(next) => void setAt(next)} />
          </>
        }
      />
      {at && <Strip>{t('resource.asOf', { at: formatInstant(at) })}</Strip>}
      <QueryState query={query} permission="inventory:read" skeleton={<Skeleton className="h-96" />}>
        {(detail) => <ResourceTabs resource={detail} at={at} />}
      </QueryState>
    </ScrollPage>
  )
}

function ResourceTabs({ resource, at }: { resource: ResourceDetail; at: string | null }) {
  const { t } = useTranslation()
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('overview'))
  const { id, properties, relations, relations_truncated } = resource
  const contents: Record<Tab, ReactNode> = {
    overview: <Overview resource={resource} />,
    health: (
      <div className="flex flex-col gap-3">
        <ResourceAnomalies id={id} />
        <ResourceHealth key={id} id={id} />
      </div>
    ),
    properties: <JsonTree value={properties} copyLabel={t('resource.copyProperties')} />,
    relations: (
      <div className="grid items-start gap-3 *:min-w-0 xl:grid-cols-2">
        <ResourceRelations relations={relations} truncated={relations_truncated} />
        <SmallMap key={id} id={id} at={at} />
      </div>
    ),
    history: (
      <div className="max-w-3xl">
        <ResourceHistory id={id} />
      </div>
    ),
    exposure: (
      <div className="max-w-3xl">
        <Exposure id={id} />
      </div>
    ),
    findings: <ResourceFindings id={id} />,
    cost: <ResourceCost id={id} />,
    alerts: <AlertList title={t('resource.alerts')} resourceId={id} />,
  }
  const labels: Record<Tab, string> = {
    overview: t('resource.overview'),
    health: t('health.title'),
    properties: t('resource.configuration'),
    relations: t('relation.title'),
    history: t('resource.history'),
    exposure: t('exposure.title'),
    findings: t('resource.findings'),
    cost: t('page.cost'),
    alerts: t('page.alerts'),
  }
  return (
    <>
      <StaleNote resource={resource} />
      <Tabs
        label={t('resource.one')}
        value={tab}
        onChange={(value) => void setTab(value as Tab)}
        tabs={TABS.map((name) => ({
          id: name,
          label: labels[name],
          count: name === 'relations' ? relations.length : undefined,
          // The other tabs' contents are made of nothing until they are opened.
          content: name === tab && <Suspense fallback={<SkeletonRows rows={6} />}>{contents[name]}</Suspense>,
        }))}
      />
    </>
  )
}

function Overview({ resource }: { resource: ResourceDetail }) {
  const { t } = useTranslation()
  return (
    <div className="grid items-start gap-3 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-3">
        <Card title={t('resource.facts')}>
          <ResourceFacts resource={resource} />
        </Card>
        <Card title={t('resource.tags')}>
          <ResourceTags tags={resource.tags} />
        </Card>
      </div>
      <div className="flex min-w-0 flex-col gap-3">
        <ResourceCost id={resource.id} />
        <ResourceFindings id={resource.id} />
        <AlertList title={t('resource.alerts')} resourceId={resource.id} />
      </div>
    </div>
  )
}

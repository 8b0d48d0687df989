import { useQuery } from '@tanstack/react-query'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { Card } from '@/components/Common/Card'
import { CopyButton } from '@/components/Common/Copy'
import { PageHeader } from '@/components/Common/PageHeader'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { Tabs } from '@/components/Common/Tabs'
import { ScrollPage } from '@/components/Layout/ListPage'
import { AlertList } from '@/features/alerts/components/AlertList'
import { ResourceFindings } from '@/features/compliance/components/ResourceFindings'
import { ResourceCost } from '@/features/costs/components/ResourceCost'
import { resourceQuery } from '@/features/inventory/api'
import { ResourceFacts, ResourceTags } from '@/features/inventory/components/ResourceFacts'
import { StaleNote } from '@/features/inventory/components/StaleNote'
import { typeName } from '@/features/inventory/rules'
import { useCan } from '@/services/permissions'
import type { ResourceDetail } from '@/types/api'

// Parts of tabs that are not open at first.
const JsonTree = lazy(() => import('@/components/Common/JsonTree').then((module) => ({ default: module.JsonTree })))
const ResourceHistory = lazy(() =>
  import('@/features/inventory/components/ResourceHistory').then((module) => ({ default: module.ResourceHistory })),
)

const ResourceRelations = lazy(() =>
  import('@/features/inventory/components/ResourceRelations').then((module) => ({ default: module.ResourceRelations })),
)

const TABS = ['overview', 'properties', 'relations', 'history'] as const

export default function ResourcePage() {
  const { t } = useTranslation()
  const { resourceId = '' } = useParams()
  const query = useQuery({ ...resourceQuery(resourceId), enabled: useCan('inventory:read') })
  const resource = query.data
  return (
    <ScrollPage>
      <PageHeader
        title={resource ? resource.name || resource.native_id : t('resource.one')}
        note={resource && `${typeName(resource.type)} · ${resource.region} · ${resource.account_name}`}
        actions={resource && <CopyButton text={resource.native_id} label={t('action.copyId')} />}
      />
      <QueryState query={query} permission="inventory:read" skeleton={<Skeleton className="h-96" />}>
        {(detail) => <ResourceTabs resource={detail} />}
      </QueryState>
    </ScrollPage>
  )
}

function ResourceTabs({ resource }: { resource: ResourceDetail }) {
  const { t } = useTranslation()
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('overview'))
  const { id, properties, relations, relations_truncated } = resource
  return (
    <>
      <StaleNote resource={resource} />
      <Suspense>
        <Tabs
          label={t('resource.one')}
          value={tab}
          onChange={(value) => void setTab(value as typeof tab)}
          tabs={[
            { id: 'overview', label: t('resource.overview'), content: <Overview resource={resource} /> },
            {
              id: 'properties',
              label: t('resource.properties'),
              content: <JsonTree value={properties} copyLabel={t('resource.copyProperties')} />,
            },
            {
              id: 'relations',
              label: t('relation.title'),
              count: relations.length,
              content: (
                <div className="max-w-3xl">
                  <ResourceRelations relations={relations} truncated={relations_truncated} />
                </div>
              ),
            },
            {
              id: 'history',
              label: t('resource.history'),
              content: (
                <div className="max-w-3xl">
                  <ResourceHistory id={id} />
                </div>
              ),
            },
          ]}
        />
      </Suspense>
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

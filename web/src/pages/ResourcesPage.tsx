import { useQuery } from '@tanstack/react-query'
import { ChartLine, Download } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { ResourceFindings } from '@/features/compliance/components/ResourceFindings'
import { facetsQuery } from '@/features/inventory/api'
import { FacetColumn } from '@/features/inventory/components/FacetColumn'
import { ResourceFilters } from '@/features/inventory/components/ResourceFilters'
import { ResourcePanel } from '@/features/inventory/components/ResourcePanel'
import { ResourceTable, useResources } from '@/features/inventory/components/ResourceTable'
import { SelectionBar } from '@/features/inventory/components/SelectionBar'
import { useCountText } from '@/features/inventory/hooks/useCountText'
import { useResourceFilter } from '@/features/inventory/hooks/useResourceFilter'
import { useOpenItem } from '@/hooks/useOpenItem'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useSelection } from '@/hooks/useSelection'
import { useCan } from '@/services/permissions'

const ExportDialog = lazy(() =>
  import('@/features/inventory/components/ExportDialog').then((module) => ({ default: module.ExportDialog })),
)

export default function ResourcesPage() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const { openId, open, close } = useOpenItem()
  const { byId } = useAccountNames()
  const { filter } = useResourceFilter()
  const { query, rows } = useResources()
  const selection = useSelection()
  const [exporting, setExporting] = useState(false)
  const mayRead = useCan('inventory:read')
  const { data: facets } = useQuery({ ...facetsQuery(filter), enabled: mayRead })
  const count = useCountText(facets)
  const selected = useMemo(() => rows.filter(({ id }) => selection.selected.has(id)), [rows, selection.selected])
  return (
    <ListPage
      panel={
        openId && (
          <ResourcePanel
            key="panel"
            id={openId}
            at={filter.at}
            onClose={close}
            findings={<ResourceFindings key={openId} id={openId} />}
          />
        )
      }
    >
      <PageHeader
        title={t('page.resources')}
        count={count}
        actions={
          <LinkButton to={scopedLink('/resources/overview')} icon={ChartLine}>
            {t('page.resourceOverview')}
          </LinkButton>
        }
      />
      <ResourceFilters
        error={query.error}
        actions={
          mayRead && (
            <Button icon={Download} onClick={() => setExporting(true)}>
              {t('export.open')}
            </Button>
          )
        }
      />
      <SelectionBar resources={selected} onClear={selection.clear} />
      <div className="flex min-h-0 flex-1 gap-3">
        <FacetColumn />
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <ResourceTable
            openId={openId}
            onOpen={open}
            accountName={byId}
            selection={selection}
            firstUse={{
              title: t('resource.emptyTitle'),
              text: t('resource.emptyText'),
              action: (
                <LinkButton to="/accounts?connect=true" variant="primary">
                  {t('connect.title')}
                </LinkButton>
              ),
            }}
          />
        </div>
      </div>
      {exporting && (
        <Suspense>
          <ExportDialog
            filter={filter}
            count={facets?.exact ? facets.total : null}
            onClose={() => setExporting(false)}
          />
        </Suspense>
      )}
    </ListPage>
  )
}

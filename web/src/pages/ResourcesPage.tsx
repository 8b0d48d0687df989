import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { useAccountNames } from '@/features/accounts/api'
import { ResourceFindings } from '@/features/compliance/components/ResourceFindings'
import { facetsQuery } from '@/features/inventory/api'
import { ResourceFilters } from '@/features/inventory/components/ResourceFilters'
import { ResourcePanel } from '@/features/inventory/components/ResourcePanel'
import { ResourceTable } from '@/features/inventory/components/ResourceTable'
import { useResourceFilter } from '@/features/inventory/hooks/useResourceFilter'
import { countOf } from '@/features/inventory/rules'
import { useOpenItem } from '@/hooks/useOpenItem'
import { formatNumber } from '@/services/format'
import { useCan } from '@/services/permissions'

export default function ResourcesPage() {
  const { t } = useTranslation()
  const { openId, open, close } = useOpenItem()
  const { byId } = useAccountNames()
  const { filter } = useResourceFilter()
  const { data: facets } = useQuery({ ...facetsQuery(filter), enabled: useCan('inventory:read') })
  const count = facets ? countOf(facets, filter) : null
  return (
    <ListPage
      panel={
        openId && (
          <ResourcePanel
            key="panel"
            id={openId}
            onClose={close}
            findings={<ResourceFindings key={openId} id={openId} />}
          />
        )
      }
    >
      <PageHeader title={t('page.resources')} count={count === null ? null : formatNumber(count)} />
      <ResourceFilters />
      <ResourceTable
        openId={openId}
        onOpen={open}
        accountName={byId}
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
    </ListPage>
  )
}

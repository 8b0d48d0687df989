import { useQuery } from '@tanstack/react-query'
import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { resourceQuery } from '../api'
import { typeName } from '../rules'
import { ResourceFacts, ResourceTags } from './ResourceFacts'
import { ResourceRelations } from './ResourceRelations'
import { StaleNote } from './StaleNote'

type Props = { id: string; onClose: () => void; findings: ReactNode; actions?: ReactNode; at?: string | null }

/** A resource beside the list, with the way to its page. */
export function ResourcePanel({ id, onClose, findings, actions, at = null }: Props) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...resourceQuery(id, at), enabled: useCan('inventory:read') })
  const resource = query.data
  return (
    <SidePanel
      title={resource ? resource.name || resource.native_id : t('resource.one')}
      kicker={resource && typeName(resource.type)}
      actions={
        <>
          <LinkButton to={scopedLink(`/resources/${id}`, { at })} icon={ExternalLink}>
            {t('resource.openPage')}
          </LinkButton>
          {actions}
        </>
      }
      onClose={onClose}
    >
      <QueryState query={query} permission="inventory:read" skeleton={<SkeletonRows rows={8} />}>
        {(detail) => (
          <>
            <StaleNote resource={detail} />
            <Section title={t('resource.overview')}>
              <ResourceFacts resource={detail} />
            </Section>
            <Section title={t('resource.tags')}>
              <ResourceTags tags={detail.tags} />
            </Section>
            <div className="mb-5">{findings}</div>
            <Section title={t('relation.title')}>
              <ResourceRelations relations={detail.relations} truncated={detail.relations_truncated} />
            </Section>
          </>
        )}
      </QueryState>
    </SidePanel>
  )
}

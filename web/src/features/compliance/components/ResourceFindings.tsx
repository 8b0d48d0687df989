import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Card } from '@/components/Common/Card'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import { resourceFindingsQuery } from '../api'
import { bySeverity, headline } from '../rules'

/** Open findings of one resource. */
export function ResourceFindings({ id }: { id: string }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const query = useQuery({ ...resourceFindingsQuery(id), enabled: useCan('compliance:read') })
  return (
    <Card title={t('compliance.findings')} flush>
      <QueryState
        query={query}
        permission="compliance:read"
        skeleton={<SkeletonRows rows={3} />}
        isEmpty={({ items }) => items.length === 0}
        firstUse={{ title: t('finding.noneHere'), quiet: true }}
      >
        {({ items }) => (
          <ul className="pb-1.5">
            {bySeverity(items).map((finding) => (
              <li key={finding.id}>
                <Link
                  to={scopedLink('/compliance', { tab: 'findings', id: finding.id })}
                  className="flex min-h-(--row-height) items-center gap-3 px-3 hover:bg-surface-2 max-md:min-h-11"
                >
                  <span className="w-20 shrink-0">
                    <SeverityMark severity={finding.severity} />
                  </span>
                  <span className="min-w-0 flex-1 truncate" title={finding.title}>
                    {headline(finding)}
                  </span>
                  <Time at={finding.first_seen_at} className="shrink-0 text-muted" />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </QueryState>
    </Card>
  )
}

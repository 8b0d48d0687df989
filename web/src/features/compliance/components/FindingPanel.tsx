import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, Chip } from '@/components/Common/Badge'
import { NativeId } from '@/components/Common/Copy'
import { JsonTree } from '@/components/Common/JsonTree'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { Facts, Section, SidePanel } from '@/components/Common/SidePanel'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import type { Finding } from '@/types/api'
import { findingQuery } from '../api'
import { FINDING_TONES, headline } from '../rules'

/** One finding: what is wrong, on what, the evidence and the way to mend it. */
export function FindingPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const query = useQuery({ ...findingQuery(id), enabled: useCan('compliance:read') })
  return (
    <SidePanel
      title={query.data ? headline(query.data) : t('finding.one')}
      kicker={query.data && <SeverityMark severity={query.data.severity} />}
      onClose={onClose}
    >
      <QueryState query={query} permission="compliance:read" skeleton={<SkeletonRows rows={6} />}>
        {(finding) => <FindingContent finding={finding} />}
      </QueryState>
    </SidePanel>
  )
}

function FindingContent({ finding }: { finding: Finding }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <>
      <Section title={t('finding.remediation')}>
        <p className="break-words whitespace-pre-line">{finding.remediation}</p>
      </Section>
      <Section title={t('finding.where')}>
        <Facts
          facts={[
            [
              t('resource.one'),
              finding.resource_id ? (
                <Link key="resource" className="link" to={scopedLink(`/resources/${finding.resource_id}`)}>
                  {finding.resource_name || finding.native_id}
                </Link>
              ) : (
                finding.resource_name || '–'
              ),
            ],
            [t('resource.nativeId'), <NativeId key="id" id={finding.native_id} />],
            [t('resource.region'), finding.region],
            [
              t('alert.status'),
              <Badge key="status" tone={FINDING_TONES[finding.status]}>
                {t(`findingStatus.${finding.status}`)}
              </Badge>,
            ],
            [t('resource.firstSeen'), <Time key="first" at={finding.first_seen_at} />],
            [t('finding.lastSeen'), <Time key="last" at={finding.last_seen_at} />],
          ]}
        />
      </Section>
      <Section title={t('finding.evidence')}>
        <JsonTree value={finding.evidence} copyLabel={t('finding.copyEvidence')} searchable={false} />
      </Section>
      <Section title={t('compliance.control')}>
        <p className="mb-1.5">
          {finding.title} <span className="font-mono text-11 text-muted">{finding.control_id}</span>
        </p>
        <ul className="flex flex-wrap gap-1.5">
          {finding.standards.map((standard) => (
            <li key={standard}>
              <Chip>{standard}</Chip>
            </li>
          ))}
        </ul>
      </Section>
    </>
  )
}

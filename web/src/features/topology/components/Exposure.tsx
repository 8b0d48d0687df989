import { useQuery } from '@tanstack/react-query'
import { Globe } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Badge, Chip } from '@/components/Common/Badge'
import { NativeId } from '@/components/Common/Copy'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'
import type { ExposureChain, ExposureDetail } from '@/types/api'
import { exposureQuery } from '../api'
import { portName } from '../rules/ports'

/** Whether the internet reaches a resource, with every piece of evidence on the way. */
export function Exposure({ id }: { id: string }) {
  const query = useQuery({ ...exposureQuery(id), enabled: useCan('topology:read') })
  return (
    <QueryState query={query} permission="topology:read" skeleton={<SkeletonRows rows={4} />}>
      {(detail) => <Verdict detail={detail} />}
    </QueryState>
  )
}

function Verdict({ detail }: { detail: ExposureDetail }) {
  const { t } = useTranslation()
  const { exposed, chains, unknown } = detail
  const verdict = exposed === null ? 'unknown' : exposed ? 'yes' : 'no'
  const tone = ({ yes: 'bad', no: 'ok', unknown: 'warning' } as const)[verdict]
  return (
    <div className="flex flex-col gap-3">
      <p className="font-medium">
        <Badge tone={tone}>{t(`exposure.${verdict}`)}</Badge>
      </p>
      {unknown.length > 0 && (
        <ul aria-label={t('exposure.unread')} className="list-disc pl-5 text-muted">
          {unknown.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {chains.map((chain) => (
        <Chain key={chain.summary} chain={chain} />
      ))}
    </div>
  )
}

function Chain({ chain }: { chain: ExposureChain }) {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  return (
    <section className="rounded-card border border-border bg-surface p-3">
      <p className="mb-2 flex items-start gap-2 font-medium">
        <Globe size={15} aria-hidden className="mt-0.5 shrink-0 text-high" />
        {chain.summary}
      </p>
      <div className="mb-3 flex flex-wrap gap-1.5">
        {chain.ports.map((port) => (
          <Chip key={portName(port)}>{portName(port)}</Chip>
        ))}
        {chain.sources.map((source) => (
          <Chip key={source}>{t('exposure.from', { source })}</Chip>
        ))}
      </div>
      <ol aria-label={t('exposure.steps')} className="flex flex-col gap-2 border-l-2 border-border pl-3">
        {chain.steps.map((step, index) => (
          <li key={`${index} ${step.kind}`} className="min-w-0">
            <p className="flex flex-wrap items-baseline gap-x-2">
              <span className="text-11 font-medium text-muted">{t(`exposure.step.${step.kind}`)}</span>
              <span className="min-w-0 break-words">{step.detail}</span>
            </p>
            {step.native_id &&
              (step.resource_id ? (
                <Link
                  to={scopedLink(`/resources/${step.resource_id}`)}
                  className="link block truncate font-mono text-11"
                  title={step.native_id}
                >
                  {step.native_id}
                </Link>
              ) : (
                <NativeId id={step.native_id} length={52} />
              ))}
          </li>
        ))}
      </ol>
    </section>
  )
}

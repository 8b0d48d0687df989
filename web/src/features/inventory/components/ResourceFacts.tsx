import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Badge, Chip } from '@/components/Common/Badge'
import { NativeId } from '@/components/Common/Copy'
import { Provider } from '@/components/Common/Provider'
import { Facts } from '@/components/Common/SidePanel'
import { Time } from '@/components/Common/Time'
import type { ResourceDetail } from '@/types/api'
import { statusTone, typeName } from '../rules'

/** What a resource is, where it is and what it costs. */
export function ResourceFacts({ resource }: { resource: ResourceDetail }) {
  const { t } = useTranslation()
  const facts: [string, ReactNode][] = [
    [t('resource.nativeId'), <NativeId key="id" id={resource.native_id} length={52} />],
    [
      t('resource.type'),
      <span key="type">
        {typeName(resource.type)} <span className="font-mono text-11 text-muted">{resource.native_type}</span>
      </span>,
    ],
    [
      t('resource.status'),
      resource.status ? (
        <Badge key="status" tone={statusTone(resource.status)}>
          {resource.status}
        </Badge>
      ) : (
        <span key="status" className="text-muted">
          {t('resource.noStatus')}
        </span>
      ),
    ],
    [t('resource.provider'), <Provider key="provider" provider={resource.provider} />],
    [
      t('resource.account'),
      <span key="account">
        {resource.account_name} <span className="font-mono text-11 text-muted">{resource.native_account}</span>
      </span>,
    ],
    [t('resource.region'), resource.region],
    [t('resource.monthlyCost'), <Amount key="cost" sums={resource.monthly_cost} />],
    [t('resource.firstSeen'), <Time key="first" at={resource.first_seen_at} />],
    [t('resource.lastSeen'), <Time key="last" at={resource.last_seen_at} />],
  ]
  if (resource.created_at) facts.push([t('resource.createdAt'), <Time key="created" at={resource.created_at} />])
  if (resource.closed_at) facts.push([t('resource.closedAt'), <Time key="closed" at={resource.closed_at} />])
  return <Facts facts={facts} />
}

export function ResourceTags({ tags }: { tags: Record<string, string> }) {
  const { t } = useTranslation()
  const entries = Object.entries(tags).sort(([a], [b]) => a.localeCompare(b))
  if (entries.length === 0) return <p className="text-muted">{t('resource.noTags')}</p>
  return (
    <ul className="flex flex-wrap gap-1.5">
      {entries.map(([key, value]) => (
        <li key={key} className="max-w-full">
          <Chip title={`${key}: ${value}`}>
            {key}: <span className="text-text">{value}</span>
          </Chip>
        </li>
      ))}
    </ul>
  )
}

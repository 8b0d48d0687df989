import { useTranslation } from 'react-i18next'
import type { ResourceChange } from '@/types/api'

/** Who changed it and by which call; says so where the cloud did not tell. */
export function ChangeActor({ change }: { change: Pick<ResourceChange, 'actor' | 'action' | 'event_id'> }) {
  const { t } = useTranslation()
  if (!change.actor && !change.action) return <span className="text-muted">{t('change.unknownActor')}</span>
  return (
    <span
      className="min-w-0 break-words"
      title={change.event_id ? t('change.event', { id: change.event_id }) : undefined}
    >
      {change.actor ?? t('change.somebody')}
      {change.action && <span className="ml-2 font-mono text-11 text-muted">{change.action}</span>}
    </span>
  )
}

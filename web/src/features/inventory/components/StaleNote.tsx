import { useTranslation } from 'react-i18next'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import type { ResourceDetail } from '@/types/api'

/** Says why what is shown may be old or incomplete; nothing when all is current. */
export function StaleNote({ resource }: { resource: ResourceDetail }) {
  const { t } = useTranslation()
  const unread = Object.keys(resource.unread_fields)
  if (!resource.stale && unread.length === 0 && !resource.closed_at) return null
  return (
    <div className="mb-4 flex flex-col gap-2">
      {resource.closed_at && (
        <Strip>
          {t('resource.gone')} <Time at={resource.closed_at} />
        </Strip>
      )}
      {resource.stale && (
        <Strip>
          {t('resource.staleNote')} <Time at={resource.last_seen_at} />
          {resource.stale_reason && `. ${resource.stale_reason}`}
        </Strip>
      )}
      {unread.length > 0 && <Strip>{t('resource.unread', { fields: unread.join(', '), count: unread.length })}</Strip>}
    </div>
  )
}

import { useTranslation } from 'react-i18next'
import { Badge, type Tone } from '@/components/Common/Badge'
import { Time } from '@/components/Common/Time'
import type { AlertEvent, Delivery } from '@/types/api'

/** What happened to the alert, in order. */
export function Timeline({ entries }: { entries: AlertEvent[] }) {
  const { t } = useTranslation()
  return (
    <ol className="relative ml-1.5 flex flex-col gap-3 border-l border-border pl-4">
      {entries.map((entry) => (
        <li key={`${entry.at} ${entry.kind}`} className="relative">
          <span
            aria-hidden
            className="absolute top-1.5 -left-[20.5px] size-2 rounded-full border border-muted bg-surface"
          />
          <div className="flex items-baseline justify-between gap-3">
            <span>
              <span className="font-medium">
                {t(`alertEvent.${entry.kind}` as 'alertEvent.fired', { defaultValue: entry.kind })}
              </span>
              {entry.by && <span className="text-muted"> {t('alert.by', { name: entry.by })}</span>}
            </span>
            <Time at={entry.at} className="shrink-0 text-muted" />
          </div>
          {entry.note && <p className="break-words text-muted">{entry.note}</p>}
        </li>
      ))}
    </ol>
  )
}

const TONES: Record<string, Tone> = { sent: 'ok', failed: 'bad', sending: 'busy', queued: 'neutral' }

export function Deliveries({ deliveries }: { deliveries: Delivery[] }) {
  const { t } = useTranslation()
  if (deliveries.length === 0) return <p className="text-muted">{t('alert.noDeliveries')}</p>
  return (
    <ul className="divide-y divide-border rounded-control border border-border">
      {deliveries.map((delivery) => (
        <li key={delivery.id} className="flex flex-wrap items-center gap-x-3 px-2.5 py-1">
          <span className="min-w-0 flex-1 truncate">
            {delivery.recipient} <span className="text-muted">{delivery.channel_kind}</span>
          </span>
          <Badge tone={TONES[delivery.state] ?? 'neutral'}>
            {t(`delivery.${delivery.state}` as 'delivery.sent', { defaultValue: delivery.state })}
          </Badge>
          <Time at={delivery.ended_at ?? delivery.created_at} className="text-muted" />
          {delivery.error && <span className="w-full text-critical">{delivery.error}</span>}
        </li>
      ))}
    </ul>
  )
}

import { type Query, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { openEventStream, type StreamEvent } from '@/services/eventStream'
import { createAnnouncer } from '@/services/liveRegion'
import { toast } from '@/services/toasts'
import { createBatcher } from './batcher'

/** Which cached reads a topic's events make old: the first part of their keys. */
const TOPIC_KEYS: Record<string, string[]> = {
  alerts: ['alerts'],
  compliance: ['compliance'],
  costs: ['costs'],
  inventory: ['inventory', 'accounts'],
  jobs: ['jobs'],
}
/** Events come in bursts while a sync runs; pages are asked again at most this often. */
const BATCH_MS = 1_000
/** A list scrolled this far would be asked for page by page: it waits for the refresh button. */
const MOST_PAGES_TO_RENEW = 3

const isLong = (query: Query): boolean => {
  const data = query.state.data as { pages?: unknown[] } | undefined
  return (data?.pages?.length ?? 0) > MOST_PAGES_TO_RENEW
}

type AlertData = { alert_id?: string; title?: string; severity?: string }

/** Follows the event stream while signed in: renews what changed, shows and speaks new alerts. */
export function useLiveUpdates(): void {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { t } = useTranslation()

  useEffect(() => {
    const announcer = createAnnouncer((texts) => t('alert.announceMany', { count: texts.length }))
    const batch = createBatcher<string>(BATCH_MS, (keys) => {
      for (const key of keys) {
        void queryClient.invalidateQueries({ queryKey: [key], predicate: (query) => !isLong(query) })
      }
    })
    const showAlert = (event: StreamEvent) => {
      const { alert_id, title, severity } = event.data as AlertData
      if (!title) return
      toast({
        kind: severity === 'critical' ? 'critical' : 'plain',
        text: title,
        detail: t('alert.isFiring'),
        action: alert_id ? { label: t('alert.open'), run: () => void navigate(`/alerts?id=${alert_id}`) } : undefined,
      })
      announcer.announce(t('alert.announce', { title }))
    }
    const stop = openEventStream({
      onEvent: (event) => {
        batch.add(...(TOPIC_KEYS[event.topic] ?? []))
        if (event.type === 'alert.fired') showAlert(event)
      },
      onGap: () => void queryClient.invalidateQueries({ predicate: (query) => !isLong(query) }),
    })
    return () => {
      stop()
      batch.stop()
      announcer.stop()
    }
  }, [queryClient, navigate, t])
}

import { useTranslation } from 'react-i18next'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'
import { useAcknowledgeAlerts, useResolveAlerts } from '../api'

/** Acknowledge and resolve, each with its confirmation in words. */
export function useAlertActions() {
  const { t } = useTranslation()
  const acknowledge = useAcknowledgeAlerts()
  const resolve = useResolveAlerts()
  return {
    mayAcknowledge: useCan('alerts:acknowledge'),
    mayResolve: useCan('alerts:write'),
    isBusy: acknowledge.isPending || resolve.isPending,
    acknowledge: (ids: string[], note = '') =>
      acknowledge.mutate(
        { ids, note },
        { onSuccess: () => void toast({ kind: 'ok', text: t('alert.acknowledged', { count: ids.length }) }) },
      ),
    resolve: (ids: string[], note = '') =>
      resolve.mutate(
        { ids, note },
        { onSuccess: () => void toast({ kind: 'ok', text: t('alert.resolved', { count: ids.length }) }) },
      ),
  }
}

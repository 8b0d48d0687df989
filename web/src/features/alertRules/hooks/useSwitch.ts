import { useTranslation } from 'react-i18next'
import { toast } from '@/services/toasts'
import { useSwitchRule } from '../api/rules'

/** Switches a rule on or off at once, with the way back. */
export function useSwitch() {
  const { t } = useTranslation()
  const mutation = useSwitchRule()
  const run = (rule: { id: string; name: string }, enabled: boolean) =>
    mutation.mutate(
      { id: rule.id, enabled },
      {
        onSuccess: () =>
          void toast({
            kind: 'ok',
            text: t(enabled ? 'rule.switchedOn' : 'rule.switchedOff', { name: rule.name }),
            action: { label: t('rule.undo'), run: () => mutation.mutate({ id: rule.id, enabled: !enabled }) },
          }),
      },
    )
  return { run, busyId: mutation.isPending ? mutation.variables.id : null }
}

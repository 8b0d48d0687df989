import { useFormContext } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import type { ConnectError, ConnectForm } from '../connectRules'

/** A field's objection in words: ours by its key, the server's as it came. */
export function useFieldErrors() {
  const { t } = useTranslation()
  const {
    formState: { errors },
  } = useFormContext<ConnectForm>()
  return (field: keyof ConnectForm): string | undefined => {
    const error = errors[field]
    if (!error?.message) return undefined
    return error.type === 'server' ? error.message : t(`connect.error.${error.message as ConnectError}`)
  }
}

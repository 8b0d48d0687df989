import { useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import type { ConnectForm } from '../connectRules'
import { FileField } from './FileField'

/** Google Cloud credentials: both kinds are a JSON file of Google's own making. */
export function GoogleFields() {
  const { t } = useTranslation()
  const kind = useWatch<ConnectForm, 'kind'>({ name: 'kind' })
  if (kind === 'service_account') {
    return <FileField name="key" accept=".json,application/json" label={t('connect.key')} hint={t('connect.keyHint')} />
  }
  if (kind !== 'workload_identity') return null
  return (
    <FileField
      name="config"
      accept=".json,application/json"
      label={t('connect.config')}
      hint={t('connect.configHint')}
    />
  )
}

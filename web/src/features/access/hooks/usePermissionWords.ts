import { useTranslation } from 'react-i18next'
import { actionOf, subjectOf } from '../rules'

/** What permissions are called: the subject, the action, and both as one sentence. New ones keep their technical name. */
export function usePermissionWords() {
  const { t } = useTranslation()
  const subject = (name: string) => t(`permissionSubject.${name}` as 'permissionSubject.alerts', { defaultValue: name })
  const action = (name: string) => t(`permissionAction.${name}` as 'permissionAction.read', { defaultValue: name })
  const sentence = (permission: string) => `${subject(subjectOf(permission))}: ${action(actionOf(permission))}`
  return { subject, action, sentence }
}

import { useTranslation } from 'react-i18next'
import { PageHeader } from '@/components/Common/PageHeader'
import { NoPermissionState } from '@/components/Common/States'
import { ScrollPage } from '@/components/Layout/ListPage'
import { RuleImport } from '@/features/alertRules/components/RuleImport'
import { useCan } from '@/services/permissions'

export default function ImportRulesPage() {
  const { t } = useTranslation()
  return (
    <ScrollPage>
      <PageHeader title={t('page.importRules')} />
      {useCan('rules:write') ? <RuleImport /> : <NoPermissionState permission="rules:write" />}
    </ScrollPage>
  )
}

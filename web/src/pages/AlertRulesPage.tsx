import { FileUp, Plus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { ListPage } from '@/components/Layout/ListPage'
import { RuleCounts } from '@/features/alertRules/components/RuleCounts'
import { RuleFilters } from '@/features/alertRules/components/RuleFilters'
import { RuleTable } from '@/features/alertRules/components/RuleTable'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useCan } from '@/services/permissions'

export default function AlertRulesPage() {
  const { t } = useTranslation()
  const scopedLink = useScopedLink()
  const mayChange = useCan('rules:write')
  const create = mayChange && (
    <LinkButton variant="primary" icon={Plus} to={scopedLink('/alerts/rules/new')}>
      {t('rule.new')}
    </LinkButton>
  )
  return (
    <ListPage>
      <PageHeader
        title={t('page.alertRules')}
        note={<RuleCounts />}
        actions={
          mayChange && (
            <>
              <LinkButton icon={FileUp} to={scopedLink('/alerts/rules/import')}>
                {t('rule.import')}
              </LinkButton>
              {create}
            </>
          )
        }
      />
      <RuleFilters />
      <RuleTable firstUse={{ title: t('rule.emptyTitle'), text: t('rule.emptyText'), action: create }} />
    </ListPage>
  )
}

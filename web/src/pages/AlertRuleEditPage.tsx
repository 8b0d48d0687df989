import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { PageHeader } from '@/components/Common/PageHeader'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { NoPermissionState } from '@/components/Common/States'
import { ScrollPage } from '@/components/Layout/ListPage'
import { ruleQuery } from '@/features/alertRules/api/rules'
import { RuleEditor } from '@/features/alertRules/components/RuleEditor'
import { useCan } from '@/services/permissions'

/** A new rule, or a stored one to change. */
export default function AlertRuleEditPage() {
  const { t } = useTranslation()
  const { ruleId } = useParams()
  const mayChange = useCan('rules:write')
  const query = useQuery({ ...ruleQuery(ruleId ?? ''), enabled: ruleId !== undefined && mayChange })
  return (
    <ScrollPage>
      <PageHeader title={ruleId ? (query.data?.name ?? t('rule.edit')) : t('rule.new')} />
      {!mayChange ? (
        <NoPermissionState permission="rules:write" />
      ) : ruleId ? (
        <QueryState query={query} permission="rules:write" skeleton={<Skeleton className="h-96" />}>
          {(rule) => <RuleEditor key={rule.id} rule={rule} />}
        </QueryState>
      ) : (
        <RuleEditor rule={null} />
      )}
    </ScrollPage>
  )
}

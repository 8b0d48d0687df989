import { useQuery } from '@tanstack/react-query'
import { Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams } from 'react-router'
import { Button, LinkButton } from '@/components/Common/Button'
import { ConfirmDialog } from '@/components/Common/FormDialog'
import { PageHeader } from '@/components/Common/PageHeader'
import { QueryState } from '@/components/Common/QueryState'
import { Skeleton } from '@/components/Common/Skeleton'
import { Switch } from '@/components/Common/Switch'
import { ScrollPage } from '@/components/Layout/ListPage'
import { ruleQuery, useRemoveRule } from '@/features/alertRules/api/rules'
import { RuleStateBadge } from '@/features/alertRules/components/RuleTable'
import { RuleView } from '@/features/alertRules/components/RuleView'
import { useSwitch } from '@/features/alertRules/hooks/useSwitch'
import type { Rule } from '@/features/alertRules/types'
import { useScopedLink } from '@/hooks/useScopedLink'
import { useShortcuts } from '@/hooks/useShortcuts'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'

/** One rule: what it says, how it stands, what its series did. */
export default function AlertRulePage() {
  const { t } = useTranslation()
  const { ruleId = '' } = useParams()
  const query = useQuery({ ...ruleQuery(ruleId), enabled: useCan('alerts:read') })
  const rule = query.data
  return (
    <ScrollPage>
      <PageHeader
        title={rule?.name ?? t('rule.one')}
        note={rule && <RuleStateBadge rule={rule} />}
        actions={rule && <RuleActions rule={rule} />}
      />
      <QueryState query={query} permission="alerts:read" skeleton={<Skeleton className="h-96" />}>
        {(detail) => <RuleView rule={detail} />}
      </QueryState>
    </ScrollPage>
  )
}

function RuleActions({ rule }: { rule: Rule }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const mayChange = useCan('rules:write')
  const { run, busyId } = useSwitch()
  const [removing, setRemoving] = useState(false)
  const editPath = scopedLink(`/alerts/rules/${rule.id}/edit`)
  useShortcuts(
    mayChange
      ? [{ keys: 'e', run: () => void navigate(editPath), label: t('rule.edit'), group: t('shortcut.group.rules') }]
      : [],
  )
  if (!mayChange) return null
  return (
    <>
      <span className="inline-flex items-center gap-2">
        <Switch
          label={t('rule.switchNamed', { name: rule.name })}
          checked={rule.enabled}
          busy={busyId === rule.id}
          onChange={(enabled) => run(rule, enabled)}
        />
        {t(`rule.switchName.${rule.enabled ? 'on' : 'off'}`)}
      </span>
      <LinkButton icon={Pencil} to={editPath}>
        {t('rule.edit')}
      </LinkButton>
      <Button variant="danger" icon={Trash2} onClick={() => setRemoving(true)}>
        {t('action.remove')}
      </Button>
      {removing && <RemoveRule rule={rule} onClose={() => setRemoving(false)} />}
    </>
  )
}

function RemoveRule({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const scopedLink = useScopedLink()
  const remove = useRemoveRule()
  return (
    <ConfirmDialog
      title={t('rule.removeNamed', { name: rule.name })}
      text={t('rule.removeText')}
      typeName={rule.name}
      confirmLabel={t('rule.remove')}
      mutation={remove}
      onConfirm={() =>
        remove.mutate(rule.id, {
          onSuccess: () => {
            toast({ kind: 'ok', text: t('rule.removed', { name: rule.name }) })
            void navigate(scopedLink('/alerts/rules'))
          },
        })
      }
      onClose={onClose}
    />
  )
}

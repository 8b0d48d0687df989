import { ShieldCheck } from 'lucide-react'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useTranslation } from 'react-i18next'
import { Button } from '@/components/Common/Button'
import { PageHeader } from '@/components/Common/PageHeader'
import { Tabs } from '@/components/Common/Tabs'
import { ListPage, ScrollPage } from '@/components/Layout/ListPage'
import { useEvaluate } from '@/features/compliance/api'
import { ControlTable } from '@/features/compliance/components/ControlTable'
import { FindingPanel } from '@/features/compliance/components/FindingPanel'
import { FindingTable } from '@/features/compliance/components/FindingTable'
import { StandardList } from '@/features/compliance/components/StandardList'
import { useAccountScope } from '@/hooks/useAccountScope'
import { useOpenItem } from '@/hooks/useOpenItem'
import { useCan } from '@/services/permissions'
import { toast } from '@/services/toasts'

const TABS = ['controls', 'findings'] as const

export default function CompliancePage() {
  const { t } = useTranslation()
  const [tab, setTab] = useQueryState(
    'tab',
    parseAsStringLiteral(TABS).withDefault('controls').withOptions({ history: 'push' }),
  )
  const { openId, open, close } = useOpenItem()
  const header = (
    <>
      <PageHeader title={t('page.compliance')} actions={<EvaluateButton />} />
      <div className="-mb-3">
        <Tabs
          label={t('page.compliance')}
          value={tab}
          onChange={(value) => void setTab(value as typeof tab)}
          tabs={TABS.map((id) => ({ id, label: t(`compliance.${id}`) }))}
        />
      </div>
    </>
  )
  if (tab === 'controls') {
    return (
      <ScrollPage>
        {header}
        <StandardList />
        <ControlTable />
      </ScrollPage>
    )
  }
  return (
    <ListPage panel={openId && <FindingPanel key="panel" id={openId} onClose={close} />}>
      {header}
      <FindingTable openId={openId} onOpen={open} />
    </ListPage>
  )
}

function EvaluateButton() {
  const { t } = useTranslation()
  const { accountId } = useAccountScope()
  const evaluate = useEvaluate()
  const mayEvaluate = useCan('compliance:write')
  if (!mayEvaluate) return null
  return (
    <Button
      icon={ShieldCheck}
      busy={evaluate.isPending}
      onClick={() =>
        evaluate.mutate(accountId, { onSuccess: () => void toast({ kind: 'ok', text: t('job.started') }) })
      }
    >
      {t('compliance.evaluate')}
    </Button>
  )
}

import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/components/Common/Card'
import { Tabs } from '@/components/Common/Tabs'
import { useBacktest, useRunUnitTests } from '../api/checks'
import type { RuleForm } from '../hooks/useRuleForm'
import type { Rule, RuleBody } from '../types'
import { BacktestPanel } from './BacktestPanel'
import { PreviewPanel } from './PreviewPanel'
import { UnitTests } from './UnitTests'

type Props = { form: RuleForm; rule: Rule | null; onTested: (body: RuleBody) => void }

/** What the rule as typed would do: its series now, its past week, and its unit tests. */
export function RuleChecks({ form, rule, onTested }: Props) {
  const { t } = useTranslation()
  const [tab, setTab] = useState('preview')
  // Kept here, so that results outlive a look at another tab.
  const backtest = useBacktest()
  const unitTests = useRunUnitTests()
  const [tests, setTests] = useState<string | null>(null)
  const contents = {
    preview: <PreviewPanel form={form} />,
    backtest: <BacktestPanel form={form} rule={rule} backtest={backtest} onTested={onTested} />,
    tests: <UnitTests form={form} run={unitTests} text={tests} onText={setTests} />,
  }
  return (
    <Card className="xl:sticky xl:top-4">
      <Tabs
        label={t('rule.checks')}
        value={tab}
        onChange={setTab}
        tabs={(['preview', 'backtest', 'tests'] as const).map((id) => ({
          id,
          label: t(`rule.check.${id}`),
          content: id === tab && contents[id],
        }))}
      />
    </Card>
  )
}

import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { ProblemNote } from '@/components/Common/ProblemNote'
import { Segmented } from '@/components/Common/Segmented'
import { Strip } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { formatNumber } from '@/services/format'
import type { useBacktest } from '../api/checks'
import type { RuleForm } from '../hooks/useRuleForm'
import { firingSpans } from '../series'
import type { BacktestResult, Condition, Rule, RuleBody } from '../types'
import { EpisodeTable } from './EpisodeTable'
import { ReadingCharts } from './ReadingCharts'

const DAYS = ['1', '7', '30'] as const
const HOURS_A_DAY = 24

type Props = {
  form: RuleForm
  rule: Rule | null
  backtest: ReturnType<typeof useBacktest>
  onTested: (body: RuleBody) => void
}

/** Runs the rule over what is stored, with the machine that runs live, and tells how often it would have fired. */
export function BacktestPanel({ form, rule, backtest, onTested }: Props) {
  const { t } = useTranslation()
  const [days, setDays] = useState<string>('7')
  const { data, variables } = backtest
  const isOld = variables !== undefined && JSON.stringify(variables.rule) !== JSON.stringify(form.body)
  const run = () => {
    if (!form.check()) return
    const { body } = form
    backtest.mutate(
      { rule: body, days: Number(days), ruleId: rule?.id ?? null },
      { onSuccess: ({ result }) => result && onTested(body) },
    )
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label={t('rule.backtestOver')}
          value={days}
          choices={DAYS.map((value) => ({ value, label: t(`rule.days.${value}`) }))}
          onChange={setDays}
        />
        <Button
          icon={FlaskConical}
          variant={data && !isOld ? 'plain' : 'primary'}
          busy={backtest.isPending}
          onClick={run}
        >
          {t('rule.runBacktest')}
        </Button>
      </div>
      <ProblemNote error={backtest.error} />
      {!data && !backtest.error && <p className="text-muted">{t('rule.backtestText')}</p>}
      {data && variables && (
        <div className="flex flex-col gap-3" aria-live="polite">
          {isOld && <Strip>{t('rule.backtestOld')}</Strip>}
          {data.error && <Strip>{data.error}</Strip>}
          {data.result && <Outcome result={data.result} condition={variables.rule.condition} days={variables.days} />}
        </div>
      )}
    </div>
  )
}

type OutcomeProps = { result: BacktestResult; condition: Condition; days: number }

function Outcome({ result, condition, days }: OutcomeProps) {
  const { t } = useTranslation()
  const { episodes, episodes_total, near_misses_total, notifications_total, failures, failures_total } = result
  const shown = (count: number) => ({ count, shown: formatNumber(count) })
  const spans = firingSpans(episodes, Date.parse(result.to), (name) => t('rule.firingSpan', { name }))
  return (
    <>
      <p className="text-14 font-medium">
        {t('rule.wouldHaveFired', {
          fired: t('rule.times', shown(episodes_total)),
          messages: t('rule.messages', shown(notifications_total)),
          days: t('rule.lastDays', shown(days)),
        })}
      </p>
      {near_misses_total > 0 && <p className="text-muted">{t('rule.nearMisses', shown(near_misses_total))}</p>}
      {result.history_is_short && (
        <Strip>
          {result.history_from ? (
            <>
              {t('rule.shortHistory')} <Time at={result.history_from} />.
            </>
          ) : (
            t('rule.noHistoryAtAll')
          )}
        </Strip>
      )}
      {failures_total > 0 && (
        <Strip>{t('rule.backtestErrors', { ...shown(failures_total), error: failures[0]?.detail })}</Strip>
      )}
      {result.difference && <DifferenceLine difference={result.difference} />}
      <ReadingCharts condition={condition} hours={days * HOURS_A_DAY} spans={spans} />
      {episodes.length > 0 && <EpisodeTable result={result} />}
    </>
  )
}

/** What changes against the rule in force. */
function DifferenceLine({ difference }: { difference: NonNullable<BacktestResult['difference']> }) {
  const { t } = useTranslation()
  const { added_total, removed_total, kept, episodes_in_force, notifications_in_force } = difference
  const shown = (count: number) => ({ count, shown: formatNumber(count) })
  return (
    <div>
      <p className="flex flex-wrap gap-x-4">
        <span className="font-medium">{t('rule.againstInForce')}</span>
        <Badge tone={added_total > 0 ? 'warning' : 'neutral'}>{t('rule.added', shown(added_total))}</Badge>
        <Badge tone={removed_total > 0 ? 'warning' : 'neutral'}>{t('rule.gone', shown(removed_total))}</Badge>
        <Badge tone="neutral">{t('rule.same', shown(kept))}</Badge>
      </p>
      <p className="text-muted">
        {t('rule.inForce', {
          fired: t('rule.times', shown(episodes_in_force)),
          messages: t('rule.messages', shown(notifications_in_force)),
        })}
      </p>
    </div>
  )
}

import { backtestAlertRule, previewAlertRule, readAlertRuleBacktest, runAlertRuleTests } from '@cloudops/api-client'
import { keepPreviousData, queryOptions, useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import type { RuleBody } from '../types'
import { ruleKeys } from './rules'

const DAY_MS = 86_400_000

/** What a rule comes to right now. */
export const previewQuery = (rule: RuleBody) =>
  queryOptions({
    queryKey: [...ruleKeys.all, 'preview', rule],
    queryFn: ({ signal }) => answerOf(previewAlertRule({ body: { rule }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 15_000,
    refetchInterval: 60_000,
    retry: false,
  })

type BacktestOrder = { rule: RuleBody; days: number; ruleId: string | null }

const POLL_MS = 1_500
const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS))

/** A long backtest is a job's: it is asked for until it has ended. */
async function runBacktest({ rule, days, ruleId }: BacktestOrder) {
  const from = new Date(Date.now() - days * DAY_MS).toISOString()
  let told = await answerOf(backtestAlertRule({ body: { rule, rule_id: ruleId, from } }))
  while (told.state === 'running' && told.id) {
    await pause()
    told = await answerOf(readAlertRuleBacktest({ path: { backtest_id: told.id } }))
  }
  return told
}

/** What the rule would have done over the last days; with a stored rule's id also what changes. */
export const useBacktest = () => useMutation({ mutationFn: runBacktest })

export const useRunUnitTests = () =>
  useMutation({
    mutationFn: ({ rule, tests }: { rule: RuleBody; tests: string }) =>
      answerOf(runAlertRuleTests({ body: { rules: [rule], tests } })),
  })

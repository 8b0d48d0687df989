import type { PointsRead } from '@cloudops/api-client'
import { type UseQueryResult, useQueries } from '@tanstack/react-query'
import { parseAsArrayOf, parseAsBoolean, parseAsInteger, parseAsString, useQueryStates } from 'nuqs'
import { useCallback, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { TimeDomain } from '@/components/Charts/timeScale'
import type { QueryLike } from '@/components/Common/QueryState'
import { useCan } from '@/services/permissions'
import { pointsQuery } from '../api'
import { type Answer, type Line, linesOf } from '../rules/lines'
import { DEFAULT_PERIOD, resolvePeriod } from '../rules/periods'
import { type Question, readQuestion, writeQuestion } from '../rules/questions'

const PARSERS = {
  q: parseAsArrayOf(parseAsString).withDefault([]),
  time: parseAsString.withDefault(DEFAULT_PERIOD),
  step: parseAsInteger,
  compare: parseAsBoolean.withDefault(false),
  /** Seconds between refreshes; 0 is none. */
  refresh: parseAsInteger.withDefault(0),
}

/** What the explorer shows: all of it in the URL. */
export function useExplorerState() {
  const [state, set] = useQueryStates(PARSERS, { history: 'push', clearOnDefault: true })
  const key = JSON.stringify(state.q)
  const questions = useMemo(() => (JSON.parse(key) as string[]).map(readQuestion), [key])
  const setQuestions = useCallback(
    (next: Question[]) => void set({ q: next.length > 0 ? next.map(writeQuestion) : null }),
    [set],
  )
  return { ...state, questions, setQuestions, set }
}

type State = ReturnType<typeof useExplorerState>

export type Explored = { lines: Line[]; domain: TimeDomain; truncated: boolean }

/** The lines of all questions, and of the time before where that is compared, as one query. */
export function useLines({ questions, time, step, compare, refresh }: State): QueryLike<Explored> {
  const { t } = useTranslation()
  const enabled = useCan('metrics:read')
  const beforeWord = t('metrics.before')
  const asked = useMemo(
    () =>
      questions
        .filter(({ selector }) => selector.trim() !== '')
        .flatMap((question) => (compare ? [false, true] : [false]).map((isBefore) => ({ ...question, isBefore }))),
    [questions, compare],
  )
  const combine = useCallback(
    (results: UseQueryResult<PointsRead>[]): QueryLike<Explored> => ({
      data: results.every(({ data }) => data) ? exploredOf(results, asked, time, beforeWord) : undefined,
      error: results.find(({ error }) => error)?.error ?? null,
      isFetching: results.some(({ isFetching }) => isFetching),
      refetch: () => results.map(({ refetch }) => refetch()),
    }),
    [asked, time, beforeWord],
  )
  return useQueries({
    queries: asked.map(({ selector, operation, isBefore }) => ({
      ...pointsQuery({ selector, operation, period: time, stepSeconds: step, isBefore }, refresh),
      enabled,
    })),
    combine,
  })
}

function exploredOf(
  results: UseQueryResult<PointsRead>[],
  asked: { isBefore: boolean }[],
  time: string,
  beforeWord: string,
): Explored {
  const length = resolvePeriod(time, 0)
  const answers = results.flatMap(({ data: points }, index): Answer[] => {
    const isBefore = asked[index]?.isBefore ?? false
    return points ? [{ points, isBefore, beforeWord, shiftMs: isBefore ? length.toMs - length.fromMs : 0 }] : []
  })
  const now = answers.filter(({ isBefore }) => !isBefore).map(({ points }) => points)
  return {
    lines: linesOf(answers),
    domain: {
      fromMs: Math.min(...now.map(({ from }) => Date.parse(from))),
      toMs: Math.max(...now.map(({ to }) => Date.parse(to))),
    },
    truncated: answers.some(({ points }) => points.truncated),
  }
}

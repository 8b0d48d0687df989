import type { PointsRead } from '@cloudops/api-client'
import { describe, expect, test } from 'vitest'
import { chartsOf, csvOf, labelsOf, linesOf } from './lines'
import { bodyOf, formOf, problemsOf } from './objectives'
import { pickPeriod, resolvePeriod } from './periods'
import { explorerQuery, readQuestion, readSelector, writeQuestion, writeSelector } from './questions'

describe('questions in the address', () => {
  test.each(['up', 'node_load1{job="api"}', '{__name__=~"aws_.+", host_id!="a\\"b\\\\c"}', 'x{a="1", b!~"2|3"}'])(
    '%s is read and written as it was',
    (text) => {
      const selector = readSelector(text)
      expect(selector && writeSelector(selector)).toBe(text)
    },
  )

  test.each(['rate(up[5m])', 'up{job="api"', 'up{job=api}', 'up{job="a" instance="b"}'])(
    '%s can only be shown as text',
    (text) => expect(readSelector(text)).toBeNull(),
  )

  test('a question keeps a tilde of its selector', () => {
    const question = { operation: 'p95', selector: 'x{a=~"b~c"}' } as const
    expect(readQuestion(writeQuestion(question))).toEqual(question)
    expect(readQuestion('x{a=~"b"}')).toEqual({ operation: 'avg', selector: 'x{a=~"b"}' })
  })

  test('a counter is explored by its growth', () => {
    expect(explorerQuery('http_requests_total', { host_id: 'i-1' })).toBe('rate~http_requests_total{host_id="i-1"}')
  })
})

test('a period moves on with time, one picked by hand does not', () => {
  const now = Date.UTC(2026, 10, 20, 12)
  expect(resolvePeriod('6h', now)).toEqual({ fromMs: now - 6 * 3_600_000, toMs: now })
  expect(resolvePeriod('6h', now, true).toMs).toBe(now - 6 * 3_600_000)
  const picked = pickPeriod({ fromMs: now - 90_000, toMs: now + 1_000 })
  expect(picked).toBe('2026-11-20T11:58Z..2026-11-20T12:01Z')
  expect(resolvePeriod(picked, 0)).toEqual({ fromMs: now - 120_000, toMs: now + 60_000 })
})

const series = (id: string, values: (number | null)[], fields = {}) => ({
  id,
  name: 'cpu',
  labels: { __name__: 'cpu', job: 'api', host: id },
  type: 'gauge',
  unit: '%',
  resource_id: null,
  values,
  ...fields,
})
const points = (...some: ReturnType<typeof series>[]): PointsRead => ({
  from: '2026-11-20T10:00:00Z',
  to: '2026-11-20T10:02:00Z',
  step_seconds: 60,
  function: 'avg',
  series: some,
  truncated: false,
})
const now = (answer: PointsRead) => ({ points: answer, isBefore: false, shiftMs: 0, beforeWord: 'before' })

describe('lines', () => {
  test('are named by what tells them apart', () => {
    expect(labelsOf([series('a', []), series('b', [])])).toEqual(['host=a', 'host=b'])
    expect(labelsOf([series('a', [])])).toEqual(['cpu'])
  })

  test('the highest four have colours, the fifth is grey', () => {
    const lines = linesOf([now(points(...[1, 5, 2, 4, 3].map((value) => series(`s${value}`, [value, null]))))])
    expect(lines.map(({ max }) => max)).toEqual([5, 4, 3, 2, 1])
    expect(lines.map(({ color }) => color).at(-1)).toBe('var(--series-other)')
    expect(new Set(lines.map(({ color }) => color)).size).toBe(5)
  })

  test('the time before has the colour of its series, is dashed and lies over now', () => {
    const before = { ...now(points(series('a', [3, 3]))), isBefore: true, shiftMs: 120_000 }
    const [line, old] = linesOf([now(points(series('a', [1, 2]))), before])
    expect(old?.color).toBe(line?.color)
    expect(old?.isDashed).toBe(true)
    expect(old?.fromMs).toBe((line?.fromMs ?? 0) + 120_000)
    expect(old?.label).toMatch(/before/)
  })

  test('lines of another unit have a chart of their own', () => {
    const lines = linesOf([now(points(series('a', [1]), series('b', [2], { unit: 'By' })))])
    expect(chartsOf(lines).map(({ unit }) => unit.kind)).toEqual(['bytes', 'percent'])
  })

  test('a file has exact times, and nothing where nothing is known', () => {
    const lines = linesOf([now(points(series('a', [1, null]), series('b', [null, 0.5])))])
    expect(csvOf(lines)).toBe('time,host=a,host=b\n2026-11-20T10:00:00.000Z,1,\n2026-11-20T10:01:00.000Z,,0.5\n')
  })
})

test('an objective needs a name and a target that leaves a budget', () => {
  const form = { ...formOf(null), target: '100' }
  expect(problemsOf(form)).toEqual(['name', 'target'])
  expect(bodyOf({ ...formOf(null), name: 'Answers' }, 'r1')).toEqual({
    name: 'Answers',
    service: '',
    resource_id: 'r1',
    target_percent: 99.9,
    window_days: 30,
    indicator: { kind: 'threshold', selector: 'up', function: 'avg', operator: '>=', threshold: 1 },
  })
})

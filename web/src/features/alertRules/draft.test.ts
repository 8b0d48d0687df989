import { describe, expect, test } from 'vitest'
import { sampleRule } from '@/test/monitoring'
import { newPart, newReading, withKind } from './condition'
import { asKind, bodyOf, draftOf, isSame, newDraft, newPair } from './draft'
import type { Condition } from './types'

const CONDITIONS: Condition[] = [
  {
    kind: 'threshold',
    reading: {
      selector: 'a',
      function: 'avg',
      window_seconds: 300,
      ahead_seconds: 0,
      aggregate: 'sum',
      by: ['x', 'y'],
    },
    enter: { operator: '>', threshold: 1.5 },
    leave: { operator: '<', threshold: 1 },
    times: -100,
    plus: 100,
  },
  {
    kind: 'threshold',
    reading: {
      selector: 'a',
      function: 'forecast',
      window_seconds: 3_600,
      ahead_seconds: 259_200,
      aggregate: null,
      by: [],
    },
    enter: { operator: '<=', threshold: 0 },
    leave: null,
    times: 1,
    plus: 0,
  },
  {
    kind: 'ratio',
    over: { selector: 'e', function: 'rate', window_seconds: 300, ahead_seconds: 0, aggregate: 'sum', by: [] },
    under: { selector: 'r', function: 'rate', window_seconds: 300, ahead_seconds: 0, aggregate: 'sum', by: [] },
    enter: { operator: '>', threshold: 0.05 },
    leave: null,
    times: 1,
    plus: 0,
  },
  { kind: 'absence', selector: 'up{job="api"}', window_seconds: 600, past_marks: true },
  { kind: 'anomaly', selector: 'cpu', enter: { operator: '>=', threshold: 0.99 }, leave: null },
  {
    kind: 'cost',
    enter: { operator: '>', threshold: 20 },
    leave: null,
    filters: [{ group: 'provider', values: ['aws'] }],
    by: 'tag:team',
    period: 'month_to_date',
    measure: 'percent',
    cost: 'billed',
  },
  {
    kind: 'compliance',
    enter: { operator: '>', threshold: 0 },
    leave: null,
    measure: 'findings',
    standard: null,
    severities: ['critical'],
    controls: ['a', 'b'],
  },
  {
    kind: 'inventory',
    enter: { operator: '>', threshold: 5 },
    leave: { operator: '<', threshold: 2 },
    changes: ['deleted'],
    search: 'type:compute.instance',
    window_seconds: 3_600,
  },
  { kind: 'promql', query: 'up == 0', source_id: 'so1' },
  {
    kind: 'any',
    on: ['instance'],
    parts: [
      { kind: 'absence', selector: 'a', window_seconds: 300, past_marks: false },
      { kind: 'absence', selector: 'b', window_seconds: 300, past_marks: false },
    ],
  },
]

describe('a stored condition is typed and sent again without a change', () => {
  test.each(CONDITIONS.map((condition) => [condition.kind, condition] as const))('%s', (_, condition) => {
    const { body, errors } = bodyOf(draftOf(sampleRule({ condition: { ...condition } })))
    expect(errors).toEqual({})
    expect(body.condition).toEqual(condition)
  })
})

test('an empty rule says what it lacks', () => {
  expect(bodyOf(newDraft()).errors).toEqual({
    name: 'name',
    'parts.0.reading.selector': 'selector',
    'parts.0.threshold': 'number',
  })
})

test('spans, intervals, labels and limits that the server refuses are told at their fields', () => {
  const { errors } = bodyOf({
    ...draftOf(sampleRule()),
    every: '90s',
    hold: 'soon',
    limit: '-1',
    labels: [newPair('team', 'a'), newPair('team', 'b'), newPair('a b', 'c')],
    annotations: [newPair('', '')],
  })
  expect(errors).toEqual({
    every: 'interval',
    hold: 'duration',
    limit: 'whole',
    'labels.1.name': 'twice',
    'labels.2.name': 'labelName',
  })
})

test('another kind keeps what was typed and takes a function that fits', () => {
  const part = newPart({ reading: newReading({ selector: 'cpu', function: 'avg' }), threshold: '3' })
  expect(withKind(part, 'rate')).toMatchObject({ threshold: '3', reading: { selector: 'cpu', function: 'rate' } })
  expect(withKind(part, 'ratio').reading.function).toBe('avg')
})

test('one condition becomes the first of several, and the first of several the one', () => {
  const draft = draftOf(sampleRule())
  const several = asKind(draft, 'several')
  expect(several.parts.length).toBe(2)
  expect(isSame(asKind(several, 'threshold'), draft)).toBe(true)
  expect(isSame(several, draft)).toBe(false)
})

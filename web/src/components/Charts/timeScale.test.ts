import { expect, test } from 'vitest'
import { instantsOf, linePath, type TimeSeries, timeTicks, valueAt, valueRange, valueTicks } from './timeScale'

const line = (values: (number | null)[], fields: Partial<TimeSeries> = {}): TimeSeries => ({
  id: 'a',
  label: 'a',
  color: 'red',
  fromMs: 0,
  stepMs: 60_000,
  values,
  ...fields,
})

test.each([
  [0, 93, [0, 25, 50, 75, 100]],
  [0, 0.7, [0, 0.2, 0.4, 0.6, 0.8]],
  [-3, 4, [-4, -2, 0, 2, 4]],
  [0, 0, [0, 0.25, 0.5, 0.75, 1]],
])('an axis from %d to %d has round values that take both in', (low, high, ticks) =>
  expect(valueTicks(low, high)).toEqual(ticks),
)

test('an axis takes in zero and the lines that are kept to', () => {
  expect(valueRange([line([5, null, 8])], [90])).toEqual([0, 90])
})

test('instants on the time axis are round and no more than wanted', () => {
  const fromMs = Date.UTC(2026, 10, 20, 10, 7)
  const ticks = timeTicks({ fromMs, toMs: fromMs + 6 * 3_600_000 }, 6)
  expect(ticks.length).toBeLessThanOrEqual(6)
  expect(ticks.every((at) => at % 3_600_000 === 0)).toBe(true)
})

const same = (value: number) => value

test('a line is joined over what comes every five steps, and broken where more is missing', () => {
  const values = Array.from({ length: 41 }, (_, index) => (index % 5 === 0 && (index < 16 || index > 34) ? 1 : null))
  const path = linePath(line(values, { stepMs: 1 }), same, same)
  expect(path.match(/M/g)).toHaveLength(2)
  expect(path).toContain('L15.0 1.0M35.0 1.0')
})

test('a value is read from its step, or from the near one of a line that has few', () => {
  expect(valueAt(line([1, 2, 3]), 61_000)).toBe(2)
  expect(valueAt(line([1, null, null, null, null, 6, null, null]), 2 * 60_000)).toBe(1)
  expect(valueAt(line([1, 2, 3]), 3_600_000)).toBeNull()
})

test('lines of other steps share one column of instants', () => {
  expect(instantsOf([line([1, null, 3]), line([4, 5], { stepMs: 120_000 })])).toEqual([0, 120_000])
})

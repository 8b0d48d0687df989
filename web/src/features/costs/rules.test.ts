import { expect, test } from 'vitest'
import { OTHER_COLOR, OTHER_SERIES } from '@/components/Charts/series'
import type { CostBreakdown } from '@/types/api'
import { costRows, endAtLastBill, mainCurrency, NO_VALUE, stackByPeriod, sumByGroup } from './rules'

const item = (provider: string | null, period: string, amount: string | null, currency = 'USD') => ({
  group: { provider },
  period,
  currency,
  cost: amount === null ? null : { amount, currency },
})
const breakdown = (...items: ReturnType<typeof item>[]): CostBreakdown => ({ items, totals: [], truncated: false })
const stack = (data: CostBreakdown) =>
  stackByPeriod(data, {
    dimension: 'provider',
    currency: 'USD',
    label: (id) => id,
    otherLabel: 'Other',
    fixedColors: { aws: 'blue' },
  })

test('the four largest groups keep a colour, the rest is one grey band', () => {
  const data = breakdown(...['a', 'b', 'c', 'aws', 'e', 'f'].map((id, n) => item(id, '2026-11-01', String(10 - n))))
  const { series, points } = stack(data)
  expect(series.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'aws', OTHER_SERIES])
  expect(series.find(({ id }) => id === 'aws')?.color).toBe('blue')
  expect(series.at(-1)).toMatchObject({ label: 'Other', color: OTHER_COLOR })
  expect(points).toEqual([{ at: '2026-11-01', values: { a: 10, b: 9, c: 8, aws: 7, [OTHER_SERIES]: 11 } }])
})

test('currencies are never added, and unknown cost is no zero', () => {
  const data = breakdown(
    item('aws', '2026-11-01', '5'),
    item('aws', '2026-11-01', '7', 'EUR'),
    item('gcp', '2026-11-01', null),
  )
  expect([...sumByGroup(data, 'provider', 'USD')]).toEqual([['aws', 5]])
})

test('a group without a value has its own row', () => {
  expect([...sumByGroup(breakdown(item(null, '2026-11-01', '5')), 'provider', 'USD')]).toEqual([[NO_VALUE, 5]])
})

test('rows carry share and change; what is new has no percentage', () => {
  const rows = costRows(
    new Map([
      ['a', 75],
      ['b', 25],
    ]),
    new Map([
      ['a', 50],
      ['gone', 10],
    ]),
  )
  expect(rows.map(({ id }) => id)).toEqual(['a', 'b', 'gone'])
  expect(rows[0]).toMatchObject({ sharePercent: 75, changePercent: 50 })
  expect(rows[1]).toMatchObject({ before: 0, changePercent: null })
  expect(rows[2]).toMatchObject({ amount: 0, changePercent: -100 })
})

test('the main currency is the one with the largest sum', () => {
  expect(
    mainCurrency([
      { amount: '5', currency: 'EUR' },
      { amount: '50', currency: 'USD' },
    ]),
  ).toBe('USD')
  expect(mainCurrency([])).toBeNull()
})

test('days that no bill covers yet do not pass for days without cost', () => {
  const range = { from: '2026-10-25', to: '2026-11-24', days: 30 }
  expect(endAtLastBill(range, '2026-11-22')).toEqual({ from: '2026-10-25', to: '2026-11-23', days: 29 })
  expect(endAtLastBill(range, '2026-11-23')).toEqual(range)
  expect(endAtLastBill(range, '2026-09-01')).toEqual(range)
  expect(endAtLastBill(range, null)).toEqual(range)
})

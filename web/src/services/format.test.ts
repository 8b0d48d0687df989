import { describe, expect, test } from 'vitest'
import { cutMiddle, formatAge, formatCoverage, formatDay, formatDuration, formatMoney, formatMoneyList } from './format'

describe('money', () => {
  test.each([
    [{ amount: '1234.5', currency: 'USD' }, '$1,234.50'],
    [{ amount: '0.0004', currency: 'USD' }, '$0.0004'],
    [{ amount: '0', currency: 'EUR' }, '€0.00'],
    [{ amount: '12', currency: 'Credits' }, '12.00 Credits'],
    [{ amount: '-3.1', currency: 'USD' }, '-$3.10'],
  ])('%o reads %s', (money, text) => expect(formatMoney(money)).toBe(text))

  test('several currencies stay apart', () => {
    expect(
      formatMoneyList([
        { amount: '1', currency: 'USD' },
        { amount: '2', currency: 'EUR' },
      ]),
    ).toBe('$1.00 + €2.00')
  })
})

test.each([
  [1234, '$1.2K'],
  [60, '$60'],
  [1.35, '$1.35'],
  [0, '$0'],
])('an axis writes %d as %s', (value, text) =>
  expect(formatMoney({ amount: String(value), currency: 'USD' }, { compact: true })).toBe(text),
)

test.each([
  ['2026-11-20T10:00:00Z', 'just now'],
  ['2026-11-20T09:56:00Z', '4 min. ago'],
  ['2026-11-18T10:00:00Z', '2 days ago'],
])('%s seen at ten is %s', (at, text) => expect(formatAge(at, Date.parse('2026-11-20T10:00:20Z'))).toBe(text))

test('a day of a bill is the same day in every zone', () => expect(formatDay('2026-11-03')).toBe('Nov 3'))

test('durations', () => {
  const from = '2026-11-20T10:00:00Z'
  expect(formatDuration(from, Date.parse(from) + 200_000)).toBe('3m 20s')
})

test('an almost full share does not read as full', () => {
  expect(formatCoverage(99.7)).toBe('99.7%')
  expect(formatCoverage(100)).toBe('100%')
  expect(formatCoverage(61.2)).toBe('61%')
})

test('long ids keep their ends', () => {
  expect(cutMiddle('arn:aws:s3:::short', 40)).toBe('arn:aws:s3:::short')
  const cut = cutMiddle('arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188', 40)
  expect(cut).toHaveLength(40)
  expect(cut).toMatch(/^arn:aws:.*…/)
  expect(cut).toMatch(/50dc6c495c0c9188$/)
})

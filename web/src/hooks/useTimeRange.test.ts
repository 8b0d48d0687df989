import { expect, test } from 'vitest'
import { previousRange, resolveRange } from './useTimeRange'

const NOW = Date.parse('2026-11-21T15:00:00Z')

test.each([
  ['7d', '2026-11-15', '2026-11-22', 7],
  ['mtd', '2026-11-01', '2026-11-22', 21],
  ['12m', '2025-12-01', '2026-11-22', 356],
  ['2026-10-01..2026-10-31', '2026-10-01', '2026-11-01', 31],
  ['2026-10-31..2026-10-01', '2026-10-23', '2026-11-22', 30],
  ['nonsense', '2026-10-23', '2026-11-22', 30],
])('%s is %s to %s', (name, from, to, days) => expect(resolveRange(name, NOW)).toEqual({ from, to, days }))

test('the period before is as long and ends where this one begins', () => {
  expect(previousRange({ from: '2026-11-15', to: '2026-11-22', days: 7 })).toEqual({
    from: '2026-11-08',
    to: '2026-11-15',
    days: 7,
  })
})

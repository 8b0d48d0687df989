import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { answer, fail } from '@/test/server'
import { describeStates } from '@/test/states'
import { UsageTrends } from './UsageTrends'

const DAYS = { first_day: '2026-11-01', last_day: '2026-11-02' }
const line = (key: string, counts: number[]) => ({
  key,
  name: null,
  points: counts.map((count, index) => ({ day: `2026-11-0${index + 1}`, count })),
})
const trends = { by: 'type', ...DAYS, items: [line('storage.bucket', [3, 5])], others: 0 }

describeStates('trends', {
  draw: () => <UsageTrends />,
  path: '/usage/trends',
  filled: trends,
  shows: /5 resources now, up from 3/,
  empty: { answer: { ...trends, items: [] }, text: 'No counts for these days' },
})

const largest = { ...trends, items: ['a', 'b', 'c', 'd', 'e'].map((type) => line(type, [1, 2])), others: 7 }

test('where lines are left out the totals are those of the whole', async () => {
  answer('get', '/usage/trends', (request) =>
    new URL(request.url).searchParams.get('by') === 'provider'
      ? { ...trends, by: 'provider', items: [line('aws', [40, 52])] }
      : largest,
  )
  renderAt('/resources/overview', <UsageTrends />)
  expect(await screen.findByText(/52 resources now, up from 40/)).toBeTruthy()
})

test('totals that could not be fetched are not made of some lines', async () => {
  answer('get', '/usage/trends', largest)
  const { queryClient } = renderAt('/resources/overview', <UsageTrends />)
  await screen.findByText(/10 resources now/)
  fail('get', '/usage/trends', 503, 'unavailable', 'The database does not answer.')
  await queryClient.resetQueries({ predicate: ({ queryKey }) => queryKey.includes('provider') })
  expect(await screen.findByText('The database does not answer.')).toBeTruthy()
  expect(screen.queryByText(/10 resources now/)).toBeNull()
})

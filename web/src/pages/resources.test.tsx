import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleAccount, sampleResource } from '@/test/samples'
import { answer, fail, page } from '@/test/server'
import ResourcesPage from './ResourcesPage'

const facets = { provider: [], type: [], region: [], account: [], status: [], total: 243_817, exact: true }

function answerList(counts: object) {
  answer('get', '/accounts', page([sampleAccount()]))
  answer('get', '/usage/resources', page([sampleResource()]))
  answer('get', '/usage/views', { items: [] })
  answer('get', '/usage/facets', { ...facets, ...counts })
}

test.each([
  ['a whole count is given as it is', {}, '243,817', null],
  [
    'a count that stopped is a least',
    { total: 10_000, exact: false, estimated: false },
    '10,000 or more',
    'Counts are at least these; rare values can be missing.',
  ],
  [
    'a sample gives about how many there are',
    { exact: false, estimated: true },
    'about 240,000',
    'Counts are of a sample; rare values can be missing.',
  ],
])('%s', async (_name, counts, shown, note) => {
  answerList(counts)
  renderAt('/resources', <ResourcesPage />)
  expect(await screen.findByText(shown)).toBeTruthy()
  if (note) expect(screen.getByText(note)).toBeTruthy()
  else expect(screen.queryByText(/rare values can be missing/)).toBeNull()
})

test('filters that could not be counted say so instead of "no values"', async () => {
  answerList({})
  fail('get', '/usage/facets', 503, 'unavailable', 'The database does not answer.')
  renderAt('/resources', <ResourcesPage />)
  expect(await screen.findByText('The database does not answer.')).toBeTruthy()
  expect(screen.queryByText('No values')).toBeNull()
})

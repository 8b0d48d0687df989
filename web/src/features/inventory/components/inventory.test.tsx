import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleResource, sampleResourceDetail } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { RecentChanges } from './RecentChanges'
import { ResourceFilters } from './ResourceFilters'
import { ResourceHistory } from './ResourceHistory'
import { ResourcePanel } from './ResourcePanel'
import { ResourceTable } from './ResourceTable'
import { StaleKpi } from './StaleKpi'
import { SyncState } from './SyncState'

const change = {
  id: 'c1',
  resource_id: 'r1',
  native_id: 'arn:aws:s3:::assets',
  name: 'assets',
  native_type: 'AWS::S3::Bucket',
  provider: 'aws',
  kind: 'updated',
  at: '2026-11-20T10:00:00Z',
  changes: [{ op: 'replace', path: '/properties/Versioning', old: 'Off', new: 'Enabled' }],
}
const account = {
  account_id: 'a1',
  name: 'Production',
  provider: 'aws',
  state: 'partial',
  units: 10,
  complete: 9,
  partial: 0,
  failed: 1,
  stale_resources: 3,
  last_synced_at: null,
}
const table = (
  <ResourceTable
    openId={null}
    onOpen={() => {}}
    accountName={() => 'Production'}
    firstUse={{ title: 'No resources yet' }}
  />
)

describeStates('resource list', {
  draw: () => table,
  path: '/usage/resources',
  filled: page([sampleResource()]),
  shows: 'assets',
  empty: { answer: page([]), text: 'No resources yet' },
  filtered: { address: '/?search=nothing', text: 'No resources match' },
})
describeStates('resource panel', {
  draw: () => <ResourcePanel id="r1" onClose={() => {}} findings={null} />,
  path: '/usage/resources/r1',
  filled: sampleResourceDetail(),
  shows: 'Storage bucket',
})
describeStates('resource history', {
  draw: () => <ResourceHistory id="r1" />,
  path: '/usage/resources/r1/history',
  filled: page([change]),
  shows: 'properties.Versioning',
  empty: { answer: page([]), text: 'No changes yet' },
})
describeStates('recent changes', {
  draw: () => <RecentChanges accountId={null} />,
  path: '/usage/changes',
  filled: page([change]),
  shows: 'Changed',
  empty: { answer: page([]), text: 'No changes yet' },
})
describeStates('sync state', {
  draw: () => <SyncState accountId={null} />,
  path: '/usage/sync-state',
  filled: { items: [account], stale_resources: 3 },
  shows: /9 of 10 units complete/,
  empty: { answer: { items: [], stale_resources: 0 }, text: 'No account connected' },
})
describeStates('stale resources', {
  draw: () => <StaleKpi />,
  path: '/usage/summary',
  filled: { total: 1204, stale: 7, by_provider: [], by_type: [], by_region: [], by_account: [] },
  shows: 'of 1,204 resources',
})

test('the list asks with the filters of the URL, several values comma-separated', async () => {
  let asked = ''
  answer('get', '/usage/resources', (request) => {
    asked = new URL(request.url).search
    return page([sampleResource()])
  })
  renderAt('/?type=storage.bucket,compute.instance&stale=true&account=a1', table)
  await screen.findByText('assets')
  const query = new URLSearchParams(asked)
  expect(query.get('type')).toBe('storage.bucket,compute.instance')
  expect(query.get('stale')).toBe('true')
  expect(query.get('account_id')).toBe('a1')
})

test('the list loads the next page when its end comes near, and tells the total', async () => {
  answer('get', '/usage/resources', (request) => {
    const cursor = new URL(request.url).searchParams.get('cursor')
    return cursor
      ? page([sampleResource({ id: 'r2', name: 'second' })], null, null)
      : page([sampleResource({ id: 'r1', name: 'first' })], 'next', 2)
  })
  renderAt('/', table)
  expect(await screen.findByText('second')).toBeTruthy()
  expect(screen.getByRole('grid', { name: 'Resources' }).getAttribute('aria-rowcount')).toBe('2')
})

test('rows are reached with j and k and opened with Enter', async () => {
  const opened: string[] = []
  answer('get', '/usage/resources', page([sampleResource({ id: 'r1' }), sampleResource({ id: 'r2', name: 'logs' })]))
  const { user } = renderAt(
    '/',
    <ResourceTable openId={null} onOpen={(id) => opened.push(id)} accountName={() => ''} firstUse={{ title: '' }} />,
  )
  await screen.findByText('logs')
  await user.keyboard('jjjk{Enter}')
  await user.keyboard('j{Enter}')
  expect(opened).toEqual(['r1', 'r2'])
})

test('a filter menu shows counts and puts the choice into the URL', async () => {
  answer('get', '/usage/facets', {
    provider: [{ key: 'aws', count: 12 }],
    type: [],
    region: [],
    account: [],
    status: [],
    total: 12,
    exact: true,
  })
  answer('get', '/usage/views', { items: [] })
  const { user, address } = renderAt('/resources', <ResourceFilters error={null} />)
  await user.click(screen.getByRole('button', { name: 'Provider' }))
  const option = await screen.findByRole('menuitemcheckbox', { name: /AWS/ })
  expect(within(option).getByText('12')).toBeTruthy()
  await user.click(option)
  await waitFor(() => expect(address()).toBe('/resources?provider=aws'))
})

import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { answer, fail, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { useMapView } from '../hooks/useMapView'
import { ExposedList } from './ExposedList'
import { OrphanList } from './OrphanList'
import { StartPicker } from './StartSearch'
import { TopologyMap } from './TopologyMap'

const AT = '2026-11-20T10:00:00Z'
const listed = {
  resource_id: 'r1',
  native_id: 'arn:r1',
  native_type: 'AWS::EC2::Volume',
  name: 'left-over',
  type: 'storage.volume',
  provider: 'aws',
  account_id: 'a1',
  region: 'eu-west-1',
  monthly_cost: [{ amount: '60.10', currency: 'USD' }],
  since: AT,
}
const orphan = { ...listed, reason: 'unattached-disk', detail: 'No instance uses the disk.' }
const exposed = {
  ...listed,
  exposed: true,
  summary: 'Reached from the internet on tcp 22',
  ports: [{ protocol: 'tcp', from: 22, to: 22 }],
  sources: ['0.0.0.0/0'],
  unknown: [],
  computed_at: AT,
}
const summary = {
  items: [{ reason: 'unattached-disk', title: 'Disks that no machine uses', count: 1, monthly_cost: [] }],
  monthly_cost: [{ amount: '60.10', currency: 'USD' }],
}
const accountName = () => 'Production'

function Orphans() {
  return <OrphanList view={useMapView()} accountName={accountName} />
}
function Exposed() {
  return <ExposedList view={useMapView()} accountName={accountName} />
}
function MapTable() {
  return <TopologyMap view={useMapView()} accountName={accountName} />
}

describeStates('orphans', {
  draw: () => <Orphans />,
  path: '/topology/orphans',
  others: () => answer('get', '/topology/orphans/summary', summary),
  filled: page([orphan]),
  shows: 'No instance uses the disk.',
  empty: { answer: page([]), text: 'Everything is used' },
})
describeStates('exposed resources', {
  draw: () => <Exposed />,
  path: '/topology/exposed',
  filled: page([exposed]),
  shows: 'Reached from the internet on tcp 22',
  empty: { answer: page([]), text: 'The internet reaches nothing' },
})

const node = {
  id: 'r1',
  kind: 'resource',
  resource_id: 'r1',
  native_id: 'arn:r1',
  label: 'web-1',
  type: 'compute.instance',
  provider: 'aws',
  account_id: 'a1',
  region: 'eu-west-1',
  group: null,
  count: 1,
  cost: [],
  findings: { critical: 0, high: 1, medium: 0, low: 0, info: 0 },
  stale: false,
  exposed: null,
  distance: 0,
}
const drawn = { nodes: [node], edges: [], truncated: false, total_nodes: 1 }
const MAP = '/topology?root=r1&view=table'

describeStates('map as a table', {
  draw: () => <MapTable />,
  path: '/topology',
  address: MAP,
  others: () => answer('get', '/usage/changes', page([])),
  filled: drawn,
  shows: 'web-1',
  empty: { answer: { ...drawn, nodes: [] }, text: 'Nothing to draw' },
})

test('a map that was cut says of how many', async () => {
  answer('get', '/usage/changes', page([]))
  answer('get', '/topology', { ...drawn, truncated: true, total_nodes: 12_345 })
  renderAt(MAP, <MapTable />)
  expect(await screen.findByText(/1 of 12,345 are shown/)).toBeTruthy()
})

test('a map of a time before the resource says so and leads back to now', async () => {
  answer('get', '/usage/changes', page([]))
  fail('get', '/topology', 404, 'not-found')
  const { user, address } = renderAt(`${MAP}&at=2020-01-01T00:00:00Z`, <MapTable />)
  expect(await screen.findByText('It was not there at that time')).toBeTruthy()
  answer('get', '/topology', drawn)
  await user.click(screen.getByRole('button', { name: 'Back to now' }))
  expect((await screen.findAllByText('web-1')).length).toBeGreaterThan(0)
  await waitFor(() => expect(address()).not.toContain('at='))
})

test('orphans of one reason are asked for', async () => {
  let asked: string | null = null
  answer('get', '/topology/orphans/summary', summary)
  answer('get', '/topology/orphans', (request) => {
    asked = new URL(request.url).searchParams.get('reason')
    return page([orphan])
  })
  const { user } = renderAt('/topology?mode=orphans', <Orphans />)
  await screen.findByText('No instance uses the disk.')
  await user.selectOptions(await screen.findByLabelText('Reason'), 'Disks that no machine uses (1)')
  await waitFor(() => expect(asked).toBe('unattached-disk'))
})

test('on a map of the past the changes are those until then', async () => {
  let until: string | null = null
  answer('get', '/topology', drawn)
  answer('get', '/usage/changes', (request) => {
    until = new URL(request.url).searchParams.get('to')
    return page([])
  })
  renderAt(`${MAP}&at=2026-11-01T00:00:00Z`, <MapTable />)
  await waitFor(() => expect(until).toBe('2026-11-01T00:00:00Z'))
})

function Start() {
  return <StartPicker view={useMapView()} accounts={[]} />
}

test('a search that failed is not told as nothing found', async () => {
  fail('get', '/usage/resources', 503, 'unavailable')
  const { user } = renderAt('/topology', <Start />)
  await user.type(screen.getByRole('combobox', { name: 'Start from' }), 'web')
  expect(await screen.findByText('The search failed: type to try again')).toBeTruthy()
  expect(screen.queryByText('Nothing matches')).toBeNull()
})

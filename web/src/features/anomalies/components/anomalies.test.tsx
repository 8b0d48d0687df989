import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { sampleAnomaly } from '@/test/monitoring'
import { renderAt } from '@/test/render'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { AnomalyFilters } from './AnomalyFilters'
import { AnomalyPanel } from './AnomalyPanel'
import { AnomalyTable } from './AnomalyTable'
import { ResourceAnomalies } from './ResourceAnomalies'

const table = <AnomalyTable openId={null} onOpen={() => {}} />
const panel = <AnomalyPanel id="an1" onClose={() => {}} />

describeStates('anomaly list', {
  draw: () => table,
  path: '/metrics/anomalies',
  filled: page([sampleAnomaly()]),
  shows: 'cpu_busy',
  empty: { answer: page([]), text: 'No anomalies in this time' },
  filtered: { address: '/metrics/anomalies?kind=spike', text: 'No anomalies match' },
})
describeStates('anomaly panel', {
  draw: () => panel,
  path: '/metrics/anomalies/an1',
  filled: sampleAnomaly(),
  shows: 'Was 97%, expected 20% to 45%',
})
describeStates('anomalies of a resource', {
  draw: () => <ResourceAnomalies id="r1" />,
  path: '/metrics/anomalies',
  filled: page([sampleAnomaly()]),
  shows: 'cpu_busy',
  empty: { answer: page([]), text: 'No anomalies of this resource' },
})

test('filters and days of the address are asked for', async () => {
  let asked = new URLSearchParams()
  answer('get', '/metrics/anomalies', (request) => {
    asked = new URL(request.url).searchParams
    return page([sampleAnomaly()])
  })
  renderAt('/metrics/anomalies?kind=spike,gap&state=open&judged=no&q=cpu_busy&range=2026-11-01..2026-11-02', table)
  await screen.findByText('cpu_busy')
  expect(Object.fromEntries(asked)).toMatchObject({
    kind: 'spike,gap',
    state: 'open',
    judged: 'false',
    name: 'cpu_busy',
    from: '2026-11-01T00:00:00Z',
    to: '2026-11-03T00:00:00Z',
  })
})

test('a filter goes into the address', async () => {
  const { user, address } = renderAt('/metrics/anomalies', <AnomalyFilters />)
  await user.click(screen.getByRole('radio', { name: 'Open' }))
  await waitFor(() => expect(address()).toBe('/metrics/anomalies?state=open'))
})

test('feedback is sent with its note, and can be taken back', async () => {
  const sent: unknown[] = []
  answer('get', '/metrics/anomalies/an1', () =>
    sampleAnomaly(
      sent.length > 0 ? { feedback: { verdict: 'wrong', note: 'Backup', by: 'u1', at: '2026-11-20T10:00:00Z' } } : {},
    ),
  )
  answer('post', '/metrics/anomalies/an1/feedback', async (request) => {
    sent.push(await request.json())
    return sampleAnomaly()
  })
  const { user } = renderAt('/metrics/anomalies', panel)
  await user.type(await screen.findByLabelText(/Note, if/), 'Backup')
  await user.click(screen.getByRole('button', { name: 'Wrong' }))
  await user.click(await screen.findByRole('button', { name: 'Take back' }))
  await waitFor(() => expect(sent.length).toBe(2))
  expect(sent).toEqual([
    { verdict: 'wrong', note: 'Backup' },
    { verdict: null, note: '' },
  ])
})

test('who may not change rules reads the feedback only', async () => {
  answer('get', '/metrics/anomalies/an1', sampleAnomaly())
  renderAt('/metrics/anomalies', panel, { role: 'viewer' })
  expect(await screen.findByText('Nobody has said yet what it was.')).toBeTruthy()
  expect(screen.queryByRole('button', { name: 'Wrong' })).toBeNull()
})

test('the resource, the burst and its members can be reached', async () => {
  answer('get', '/metrics/anomalies/an1', sampleAnomaly({ kind: 'burst', series_count: 12, group_id: 'an0' }))
  renderAt('/metrics/anomalies', panel)
  expect((await screen.findByRole('link', { name: 'Show the 12 series' })).getAttribute('href')).toBe(
    '/metrics/anomalies?burst=an1',
  )
  expect(screen.getByRole('link', { name: /Open the burst/ }).getAttribute('href')).toBe('/metrics/anomalies?id=an0')
  expect(screen.getByRole('link', { name: /resource/ }).getAttribute('href')).toBe('/resources/r1')
})

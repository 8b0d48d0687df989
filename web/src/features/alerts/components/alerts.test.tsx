import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleAlert, sampleAlertDetail } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { AlertList } from './AlertList'
import { AlertPanel } from './AlertPanel'
import { AlertsKpi } from './AlertsKpi'
import { AlertTable } from './AlertTable'

const table = <AlertTable openId={null} onOpen={() => {}} firstUse={{ title: 'No alerts at all' }} />

describeStates('alert list', {
  draw: () => table,
  path: '/alerts',
  filled: page([sampleAlert()]),
  shows: 'Bucket assets is public',
  empty: { answer: page([]), text: 'No alerts at all' },
  filtered: { address: '/alerts?severity=low', text: 'No alerts match' },
})
describeStates('alert panel', {
  draw: () => <AlertPanel id="al1" onClose={() => {}} />,
  path: '/alerts/al1',
  filled: sampleAlertDetail(),
  shows: 'Anyone can read it.',
})
describeStates('newest alerts', {
  draw: () => <AlertList title="Newest" />,
  path: '/alerts',
  filled: page([sampleAlert()]),
  shows: 'Bucket assets is public',
  empty: { answer: page([]), text: 'No open alerts' },
})
describeStates('critical alerts', {
  draw: () => <AlertsKpi />,
  path: '/alerts/summary',
  filled: { total: 9, by_status: { firing: 3, acknowledged: 1 }, by_severity: { critical: 2 } },
  shows: 'of 4 open alerts',
})

test('without filters the list asks for what is open', async () => {
  let status: string | null = null
  answer('get', '/alerts', (request) => {
    status = new URL(request.url).searchParams.get('status')
    return page([sampleAlert()])
  })
  renderAt('/alerts', table)
  await screen.findByText('Bucket assets is public')
  expect(status).toBe('firing,acknowledged')
})

test('e acknowledges the rows selected with x', async () => {
  const acknowledged: string[] = []
  answer('get', '/alerts', page([sampleAlert({ id: 'al1' }), sampleAlert({ id: 'al2', title: 'Second' })]))
  answer('post', '/alerts/:id/acknowledge', (request) => {
    acknowledged.push(new URL(request.url).pathname.split('/')[4] ?? '')
    return sampleAlert({ status: 'acknowledged' })
  })
  const { user } = renderAt('/alerts', table)
  await screen.findByText('Second')
  await user.keyboard('jxjx')
  expect(screen.getByText('2 selected')).toBeTruthy()
  await user.keyboard('e')
  expect(await screen.findByText('2 alerts acknowledged')).toBeTruthy()
  expect(acknowledged.sort()).toEqual(['al1', 'al2'])
})

test('keys do nothing while typing', async () => {
  answer('get', '/alerts', page([sampleAlert()]))
  const { user } = renderAt(
    '/alerts',
    <>
      <input aria-label="field" />
      {table}
    </>,
  )
  await screen.findByText('Bucket assets is public')
  await user.type(screen.getByLabelText('field'), 'jx')
  expect(screen.queryByText('1 selected')).toBeNull()
})

test('the note goes along when an alert is resolved from its panel', async () => {
  let body: unknown
  answer('get', '/alerts/al1', sampleAlertDetail())
  answer('post', '/alerts/al1/resolve', async (request) => {
    body = await request.json()
    return sampleAlert({ status: 'resolved' })
  })
  const { user } = renderAt('/alerts', <AlertPanel id="al1" onClose={() => {}} />)
  await user.type(await screen.findByLabelText(/Note for the others/), 'Policy fixed')
  await user.click(screen.getByRole('button', { name: 'Resolve' }))
  await waitFor(() => expect(body).toEqual({ note: 'Policy fixed' }))
})

test('a viewer may acknowledge but not resolve', async () => {
  answer('get', '/alerts/al1', sampleAlertDetail())
  renderAt('/alerts', <AlertPanel id="al1" onClose={() => {}} />, { role: 'viewer' })
  expect(await screen.findByRole('button', { name: 'Acknowledge' })).toBeTruthy()
  expect(screen.queryByRole('button', { name: 'Resolve' })).toBeNull()
})

test('Escape closes the panel', async () => {
  answer('get', '/alerts/al1', sampleAlertDetail())
  let closed = false
  const { user } = renderAt('/alerts', <AlertPanel id="al1" onClose={() => (closed = true)} />)
  await screen.findByText('Anyone can read it.')
  await user.keyboard('{Escape}')
  expect(closed).toBe(true)
})

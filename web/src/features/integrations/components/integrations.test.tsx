import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import type { MetricSource } from '@/types/api'
import { Senders } from './Senders'
import { SourceList } from './SourceList'

const AT = '2026-11-20T10:00:00Z'
const source = (fields: Partial<MetricSource> = {}): MetricSource => ({
  id: 's1',
  name: 'Central Prometheus',
  kind: 'prometheus',
  account_id: null,
  url: 'https://prometheus.example.com',
  settings: { username: 'ops' },
  has_secret: true,
  interval_seconds: 300,
  enabled: true,
  created_at: AT,
  due_at: null,
  read_until: null,
  last_attempt_at: AT,
  last_success_at: AT,
  last_error: null,
  missing_permissions: [],
  samples: 1_234,
  metrics_per_hour: 60,
  is_stale: false,
  ...fields,
})
const list = () => <SourceList accounts={[]} accountName={(id) => id} />

describeStates('sources', {
  draw: list,
  path: '/metrics/sources',
  filled: page([source()]),
  shows: 'Central Prometheus',
  empty: { answer: page([]), text: 'No cloud is polled, no server is asked' },
})

describeStates('senders', {
  draw: () => <Senders />,
  path: '/metrics/series',
  filled: page([
    {
      id: '1',
      name: 'up',
      labels: { __name__: 'up', job: 'node' },
      type: 'gauge',
      unit: '',
      help: '',
      resource_id: null,
      first_at: AT,
      last_at: AT,
      created_at: AT,
    },
  ]),
  shows: 'job=node',
  empty: { answer: page([]), text: 'No samples yet' },
})

test('what is missing and what failed is told', async () => {
  const failing = source({
    kind: 'cloud',
    account_id: 'a1',
    last_error: 'GetMetricData: access denied',
    missing_permissions: ['cloudwatch:GetMetricData'],
  })
  answer('get', '/metrics/sources', page([failing]))
  renderAt('/integrations', list())
  expect(await screen.findByText('Failing')).toBeTruthy()
  expect(screen.getByText('GetMetricData: access denied')).toBeTruthy()
  expect(screen.getByText('cloudwatch:GetMetricData')).toBeTruthy()
})

test('a stored secret is not shown and stays where none is typed', async () => {
  answer('get', '/metrics/sources', page([source()]))
  let sent: { server?: Record<string, unknown> } = {}
  answer('patch', '/metrics/sources/s1', async (request) => {
    sent = (await request.json()) as typeof sent
    return source()
  })
  const { user } = renderAt('/integrations', list())
  await user.click(await screen.findByRole('button', { name: 'Edit Central Prometheus' }))
  const dialog = within(await screen.findByRole('dialog'))
  expect((dialog.getByLabelText('Password or token') as HTMLInputElement).value).toBe('')
  await user.click(dialog.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(sent.server).toMatchObject({ url: 'https://prometheus.example.com', username: 'ops' }))
  expect(sent.server).not.toHaveProperty('secret')
})

test('the set-up text has the address of this installation', async () => {
  answer('get', '/metrics/series', page([]))
  const { user } = renderAt('/integrations', <Senders />)
  expect(screen.getByRole('group', { name: 'prometheus.yml' }).textContent).toContain(
    `url: ${window.location.origin}/ingest/prometheus/write`,
  )
  await user.click(screen.getByRole('radio', { name: 'OpenTelemetry' }))
  await waitFor(() =>
    expect(screen.getByRole('group', { name: 'Collector configuration' }).textContent).toContain(
      `${window.location.origin}/ingest/v1/metrics`,
    ),
  )
})

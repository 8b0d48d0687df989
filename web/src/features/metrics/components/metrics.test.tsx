import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { Explorer } from './Explorer'
import { ResourceHealth } from './ResourceHealth'

const series = (id: string, values: (number | null)[]) => ({
  id,
  name: 'cpu_percent',
  labels: { __name__: 'cpu_percent', host: id },
  type: 'gauge',
  unit: '%',
  resource_id: 'r1',
  values,
})
const points = (...some: ReturnType<typeof series>[]) => ({
  from: '2026-11-20T10:00:00Z',
  to: '2026-11-20T10:02:00Z',
  step_seconds: 60,
  function: 'avg',
  series: some,
  truncated: false,
})
const names = page([{ name: 'cpu_percent', series: 2, type: 'gauge', unit: '%', help: 'Used processor.' }])
const firstUse = { title: 'No metrics yet' }
const explorer = () => <Explorer firstUse={firstUse} />
const ASKED = '/explore?q=avg~cpu_percent'

describeStates('metric list', {
  draw: explorer,
  path: '/metrics/names',
  filled: names,
  shows: 'Used processor.',
  address: '/explore',
  empty: { answer: page([]), text: 'No metrics yet' },
})

describeStates('explorer', {
  draw: explorer,
  path: '/metrics/query',
  others: () => answer('get', '/metrics/names', names),
  filled: points(series('a', [10, 20]), series('b', [30, 40])),
  shows: 'host=b',
  address: ASKED,
  empty: { answer: points(), text: 'No samples in this time' },
})

test('a metric is chosen from the list and asked for', async () => {
  answer('get', '/metrics/names', names)
  const asked: URLSearchParams[] = []
  answer('get', '/metrics/query', (request) => {
    asked.push(new URL(request.url).searchParams)
    return points(series('a', [10, 20]))
  })
  const { user, address } = renderAt('/explore', explorer())
  await user.click(await screen.findByRole('button', { name: 'Show cpu_percent' }))
  expect(await screen.findByText(/its highest value is 20%/)).toBeTruthy()
  await waitFor(() => expect(address()).toContain('q=avg~cpu_percent'))
  expect(asked[0]?.get('selector')).toBe('cpu_percent')
  expect(Date.parse(asked[0]?.get('to') ?? '') - Date.parse(asked[0]?.get('from') ?? '')).toBe(6 * 3_600_000)
})

test('comparing asks for the time before as well', async () => {
  answer('get', '/metrics/names', names)
  const starts = new Set<string>()
  answer('get', '/metrics/query', (request) => {
    starts.add(new URL(request.url).searchParams.get('from') ?? '')
    return points(series('a', [10, 20]))
  })
  const { user, container, address } = renderAt(ASKED, explorer())
  await user.click(await screen.findByRole('checkbox', { name: 'Compare with the time before' }))
  await waitFor(() => expect(container.querySelectorAll('path[data-series]')).toHaveLength(2))
  expect(starts.size).toBe(2)
  await waitFor(() => expect(address()).toContain('compare=true'))
})

test('a line is hidden by its box, and leads to its resource', async () => {
  answer('get', '/metrics/names', names)
  answer('get', '/metrics/query', points(series('a', [10, 20]), series('b', [30, 40])))
  const { user, container } = renderAt(ASKED, explorer())
  const legend = within(await screen.findByRole('group', { name: 'Series' }))
  await user.click(legend.getByRole('checkbox', { name: 'host=a' }))
  expect(container.querySelectorAll('path[data-series]')).toHaveLength(1)
  expect(legend.getAllByRole('link')[0]?.getAttribute('href')).toBe('/resources/r1?tab=health')
})

const objective = {
  id: 'o1',
  name: 'Answers',
  service: '',
  resource_id: 'r1',
  indicator: { kind: 'threshold', selector: 'up', function: 'avg', operator: '>=', threshold: 1 },
  target_percent: 99.9,
  window_days: 30,
  created_at: '2026-11-20T10:00:00Z',
  updated_at: '2026-11-20T10:00:00Z',
}
const health = {
  from: '2026-11-20T10:00:00Z',
  to: '2026-11-20T10:02:00Z',
  available_percent: 99.95,
  utilisation: [{ measure: 'cpu', selector: 'x', mean_percent: 41, peak_percent: 87 }],
  objectives: [{ objective, good: 90, total: 100, good_percent: 99.84, budget_left_percent: -60, burns: [] }],
}
const metrics = () => {
  answer('get', '/metrics/series', page([{ ...series('a', []), last_at: '2026-11-20T10:01:00Z' }]))
  answer('get', '/usage/resources/r1/metrics', { newest: [], points: points(series('a', [10, 20])) })
}

describeStates('health', {
  draw: () => <ResourceHealth id="r1" />,
  path: '/usage/resources/r1/health',
  others: metrics,
  filled: health,
  shows: 'overspent by 60%',
})

test('health says what is used, and that no new samples come', async () => {
  metrics()
  answer('get', '/usage/resources/r1/health', health)
  const { container } = renderAt('/resources/r1?tab=health', <ResourceHealth id="r1" />)
  expect(await screen.findByText('99.95%')).toBeTruthy()
  expect(screen.getByText('peak 87.0%')).toBeTruthy()
  expect(await screen.findByText(/No new samples/)).toBeTruthy()
  const link = await screen.findByRole('link', { name: 'Explore cpu_percent' })
  expect(new URLSearchParams(link.getAttribute('href')?.split('?')[1]).get('q')).toBe('avg~cpu_percent{host="a"}')
  expect(await violationsIn(container)).toEqual([])
})

test('an objective is set with what was typed, after its errors were told', async () => {
  metrics()
  answer('get', '/usage/resources/r1/health', { ...health, objectives: [] })
  let sent: unknown
  answer(
    'post',
    '/metrics/objectives',
    async (request) => {
      sent = await request.json()
      return objective
    },
    201,
  )
  const { user } = renderAt('/', <ResourceHealth id="r1" />)
  await user.click(await screen.findByRole('button', { name: 'Set an objective' }))
  const dialog = within(await screen.findByRole('dialog'))
  await user.click(dialog.getByRole('button', { name: 'Set an objective' }))
  expect(dialog.getByText('Give it a name.')).toBeTruthy()
  await user.type(dialog.getByLabelText('Name'), 'Answers')
  await user.click(dialog.getByRole('button', { name: 'Set an objective' }))
  await waitFor(() => expect(sent).toMatchObject({ name: 'Answers', resource_id: 'r1', target_percent: 99.9 }))
})

test('who may not write sees no button to change objectives', async () => {
  metrics()
  answer('get', '/usage/resources/r1/health', health)
  renderAt('/', <ResourceHealth id="r1" />, { role: 'viewer' })
  await screen.findByText('overspent by 60%')
  expect(screen.queryByRole('button', { name: 'Edit Answers' })).toBeNull()
})

import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { ChangeFeed } from '@/features/inventory/components/ChangeFeed'
import { TagCoverage } from '@/features/inventory/components/TagCoverage'
import { UsageTrends } from '@/features/inventory/components/UsageTrends'
import { trendEnds, trendSeries } from '@/features/inventory/trendRules'
import ChangesPage from '@/pages/ChangesPage'
import ResourceOverviewPage from '@/pages/ResourceOverviewPage'
import { renderAt, violationsIn } from '@/test/render'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'

const change = {
  id: 'c1',
  resource_id: 'r1',
  native_id: 'arn:aws:s3:::assets',
  name: 'assets',
  native_type: 'AWS::S3::Bucket',
  provider: 'aws',
  kind: 'updated',
  at: '2026-11-20T10:00:00Z',
  actor: 'arn:aws:iam::123456789012:user/grace',
  action: 's3:PutBucketVersioning',
  event_id: 'ev-1',
  changes: [{ op: 'replace', path: '/properties/Versioning', old: 'Off', new: 'Enabled' }],
}
const summary = {
  total: 1,
  stale: 0,
  by_provider: [{ key: 'aws', count: 1 }],
  by_type: [],
  by_region: [],
  by_account: [],
}
const line = (key: string, ...counts: number[]) => ({
  key,
  name: null,
  points: counts.map((count, day) => ({ day: `2026-11-0${day + 1}`, count })),
})
const trends = {
  by: 'type',
  first_day: '2026-11-01',
  last_day: '2026-11-02',
  others: 0,
  items: [line('compute.instance', 4, 6)],
}
const tags = { items: [{ key: 'team', resources: 8, percent: 80, values: 3 }], total: 10, untagged: 2 }

describeStates('change feed', {
  draw: () => <ChangeFeed openId={null} onOpen={() => {}} />,
  path: '/usage/changes',
  filled: page([change]),
  shows: 'assets',
  empty: { answer: page([]), text: 'No changes yet' },
})
describeStates('usage trends', {
  draw: () => <UsageTrends />,
  path: '/usage/trends',
  filled: trends,
  shows: /6 resources now, up from 4/,
  empty: { answer: { ...trends, items: [] }, text: 'No counts for these days' },
})
describeStates('tag coverage', {
  draw: () => <TagCoverage />,
  path: '/usage/tags',
  filled: tags,
  shows: /2 of 10 resources have no tag/,
  empty: { answer: { items: [], total: 0, untagged: 0 }, text: 'No tags yet' },
})

test('a change opens beside the feed with who did it and every field before and after', async () => {
  answer('get', '/usage/changes', page([change]))
  answer('get', '/usage/summary', summary)
  const { user, container, address } = renderAt('/changes', <ChangesPage />)
  await screen.findByRole('heading', { name: /Changes/ })
  await screen.findByText('assets')
  await user.keyboard('j{Enter}')
  const panel = await screen.findByRole('dialog', { name: 'assets' })
  expect(panel.textContent).toContain('user/grace')
  expect(panel.textContent).toContain('s3:PutBucketVersioning')
  expect(panel.textContent).toContain('Enabled')
  await waitFor(() => expect(address()).toContain('id=c1'))
  expect(await violationsIn(container)).toEqual([])
})

test('the feed is asked with the filters of the URL', async () => {
  let asked = new URLSearchParams()
  answer('get', '/usage/summary', summary)
  answer('get', '/usage/changes', (request) => {
    asked = new URL(request.url).searchParams
    return page([change])
  })
  renderAt('/changes?kind=updated&actor=grace&provider=aws&range=2026-11-01..2026-11-03', <ChangesPage />)
  await screen.findByText('assets')
  expect(Object.fromEntries(asked)).toMatchObject({
    kind: 'updated',
    actor: 'grace',
    provider: 'aws',
    from: '2026-11-01T00:00:00Z',
    to: '2026-11-04T00:00:00Z',
  })
})

test('trends show four lines and put the rest together', () => {
  const items = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, index) => line(key, index, 10 - index))
  const data = trendSeries({ items }, (key) => key.toUpperCase(), 'Other')
  expect(data.series.map(({ label }) => label)).toEqual(['A', 'B', 'C', 'D', 'Other'])
  expect(data.points[1]?.values).toMatchObject({ a: 10, __other__: 11 })
  expect(trendEnds(data)).toEqual({ first: 15, last: 45 })
})

test('the overview has each chart as a table, and its tags lead to what lacks them', async () => {
  answer('get', '/usage/summary', summary)
  answer('get', '/usage/trends', trends)
  answer('get', '/usage/tags', tags)
  const { user, container } = renderAt('/resources/overview', <ResourceOverviewPage />)
  const link = await screen.findByRole('link', { name: /team/ })
  expect(decodeURIComponent(link.getAttribute('href') ?? '').replaceAll('+', ' ')).toBe('/resources?search=-tag:"team"')
  const [first] = await screen.findAllByRole('button', { name: 'View as table' })
  await user.click(first as HTMLElement)
  await waitFor(() => expect(screen.getByRole('table', { name: 'Resources by day' })).toBeTruthy())
  expect(await violationsIn(container)).toEqual([])
})

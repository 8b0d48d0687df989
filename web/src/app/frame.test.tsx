import { screen, waitFor, within } from '@testing-library/react'
import { beforeEach, expect, test, vi } from 'vitest'
import { usePreferences } from '@/services/preferences'
import { renderAt, signInAs, violationsIn } from '@/test/render'
import { sampleResource, sampleResourceDetail } from '@/test/samples'
import { answer, page } from '@/test/server'
import { ErrorBoundary } from './ErrorBoundary'
import { pageInfoAt } from './pageInfo'
import { AppRoutes } from './routes'

vi.mock('@/services/eventStream', async (original) => ({
  ...(await original<object>()),
  openEventStream: () => () => {},
}))
vi.mock('@/services/session', async (original) => ({
  ...(await original<object>()),
  resumeSession: () => Promise.resolve(),
}))

const counts = { score: 80, coverage_percent: 90, passed: 1, failed: 1, unknown: 0, not_applicable: 0 }

beforeEach(() => {
  usePreferences.setState({ singleKeyShortcuts: true, sidebarFolded: false })
  answer('get', '/accounts', page([]))
  answer('get', '/alerts', page([]))
  answer('get', '/alerts/summary', { total: 0, by_status: {}, by_severity: {} })
  answer('get', '/jobs', page([]))
  answer('get', '/usage/resources/r1', sampleResourceDetail())
  answer('get', '/ai-cost/resources/r1', { items: [], totals: [] })
  answer('get', '/compliance/issues', page([]))
  answer('get', '/ai-cost/summary', {
    month: '2026-11',
    as_of_on: null,
    month_to_date: [],
    previous_month_to_date: [],
    month_end_estimate: [],
  })
  answer('get', '/ai-cost/breakdown', { items: [], totals: [], truncated: false })
  answer('get', '/compliance/summary', { ...counts, open_issues: 0, by_severity: {}, last_evaluated_at: null })
  answer('get', '/usage/summary', { total: 0, stale: 0, by_provider: [], by_type: [], by_region: [], by_account: [] })
  answer('get', '/usage/changes', page([]))
  answer('get', '/usage/sync-state', { items: [], stale_resources: 0 })
  answer('get', '/usage/resources', page([sampleResource({ name: 'assets-prod' })]))
})

const open = async (address: string) => {
  const view = renderAt(address, <AppRoutes />)
  await screen.findByRole('heading', { level: 1 }, { timeout: 10_000 })
  return view
}

test('the frame has landmarks, a skip link and one h1, without accessibility violations', async () => {
  const { container } = await open('/jobs')
  expect(screen.getByRole('main')).toBeTruthy()
  expect(screen.getByRole('banner')).toBeTruthy()
  expect(screen.getByRole('contentinfo')).toBeTruthy()
  expect(screen.getByRole('link', { name: 'Skip to content' }).getAttribute('href')).toBe('#content')
  expect(screen.getAllByRole('heading', { level: 1 })).toHaveLength(1)
  await screen.findByText('No jobs yet')
  expect(await violationsIn(container)).toEqual([])
})

test('g then a letter goes to a page, ? lists the shortcuts', async () => {
  const { user, address } = await open('/jobs')
  await user.keyboard('ga')
  await waitFor(() => expect(address()).toBe('/alerts'))
  await user.keyboard('?')
  const help = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' })
  expect(within(help).getByText('Focus filter')).toBeTruthy()
})

test('single-key shortcuts can be turned off', async () => {
  const { user, address } = await open('/jobs')
  usePreferences.setState({ singleKeyShortcuts: false })
  await user.keyboard('ga')
  expect(address()).toBe('/jobs')
})

test('the palette finds pages, actions and resources', async () => {
  const { user, address } = await open('/jobs')
  await user.keyboard('{Control>}k{/Control}')
  const field = await screen.findByPlaceholderText('Page, resource or action')
  await user.type(field, 'assets')
  await user.click(await screen.findByText('assets-prod'))
  await waitFor(() => expect(address()).toBe('/resources/r1'))
})

test('the sidebar folds to icons that keep their names', async () => {
  const { user } = await open('/jobs')
  await user.click(screen.getByRole('button', { name: 'Fold sidebar' }))
  const [sidebar] = screen.getAllByRole('navigation', { name: 'Main navigation' })
  expect(within(sidebar as HTMLElement).getByRole('link', { name: 'Alerts' })).toBeTruthy()
})

test('links keep the account and the time range', async () => {
  await open('/cost?account=a1&range=7d')
  const [link] = screen.getAllByRole('link', { name: 'Resources' })
  expect(link?.getAttribute('href')).toBe('/resources?account=a1&range=7d')
})

test('a broken page does not take the app down', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const Broken = () => {
    throw new Error('bug')
  }
  renderAt(
    '/',
    <ErrorBoundary resetKey="/">
      <Broken />
    </ErrorBoundary>,
  )
  expect(screen.getByText('This page stopped working')).toBeTruthy()
})

test('the dashboard without data says what will be there', async () => {
  await open('/')
  expect(await screen.findByText('No account connected', undefined, { timeout: 10_000 })).toBeTruthy()
  expect(screen.getByText('No open alerts')).toBeTruthy()
})

test('someone signed out is sent to sign in, and comes back', async () => {
  const { useSession } = await import('@/services/session')
  const view = renderAt('/alerts?severity=high', <AppRoutes />)
  useSession.setState({ status: 'signed-out', me: null })
  await waitFor(() => expect(view.address()).toBe('/sign-in?next=%2Falerts%3Fseverity%3Dhigh'))
  signInAs('owner')
  await waitFor(() => expect(view.address()).toBe('/alerts?severity=high'))
})

test.each([
  ['/', ['dashboard']],
  ['/resources', ['resources']],
  ['/resources/r1', ['resources', 'resource']],
  ['/nowhere', []],
])('the breadcrumb of %s', (path, pages) =>
  expect(pageInfoAt(path).crumbs.map(({ page: name }) => name)).toEqual(pages),
)

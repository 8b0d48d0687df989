import { screen, within } from '@testing-library/react'
import { beforeEach, expect, test } from 'vitest'
import { renderAt } from '@/test/render'
import { sampleBreakdown } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import type { CostImport } from '@/types/api'
import { CostExplorer } from './CostExplorer'
import { ImportDialog } from './ImportDialog'
import { ResourceCost } from './ResourceCost'
import { SpendKpi } from './SpendKpi'
import { SpendBy, SpendByDay } from './SpendOverview'

const dollars = (amount: string) => ({ amount, currency: 'USD' })
const summary = {
  month: '2026-11',
  as_of_on: '2026-11-21',
  month_to_date: [dollars('2100.00')],
  previous_month_to_date: [dollars('2000.00')],
  month_end_estimate: [dollars('3000.00')],
}
const nothing = { items: [], totals: [], truncated: false }
const firstUse = { title: 'No costs in these days' }
const explorer = () => <CostExplorer subAccount={null} accountName={(id) => id} firstUse={firstUse} />
const withSummary = () => answer('get', '/ai-cost/summary', summary)

describeStates('spend of the month', {
  draw: () => <SpendKpi />,
  path: '/ai-cost/summary',
  filled: summary,
  shows: '$2,100',
})
describeStates('spend by day', {
  draw: () => <SpendByDay subAccount={null} firstUse={firstUse} />,
  path: '/ai-cost/breakdown',
  filled: sampleBreakdown(),
  shows: 'Spend by service over time',
  empty: { answer: nothing, text: 'No costs in these days' },
})
describeStates('spend by service', {
  draw: () => <SpendBy dimension="service" subAccount={null} firstUse={firstUse} />,
  path: '/ai-cost/breakdown',
  filled: sampleBreakdown(),
  shows: 'Compute',
  empty: { answer: nothing, text: 'No costs in these days' },
})
describeStates('cost explorer', {
  draw: explorer,
  path: '/ai-cost/breakdown',
  others: withSummary,
  filled: sampleBreakdown(),
  shows: 'Cost over time',
  empty: { answer: nothing, text: 'No costs in these days' },
})
describeStates('cost of a resource', {
  draw: () => <ResourceCost id="r1" />,
  path: '/ai-cost/resources/r1',
  filled: { items: [{ on: '2026-11-01', cost: dollars('1.00') }], totals: [dollars('1.00')] },
  shows: 'USD a day',
  empty: { answer: { items: [], totals: [] }, text: 'No bill of the last 30 days names this resource.' },
})

beforeEach(() => answer('get', '/ai-cost/imports', page([])))

test('the same numbers are there as a table', async () => {
  withSummary()
  answer('get', '/ai-cost/breakdown', sampleBreakdown())
  const { user } = renderAt('/cost', explorer())
  const figure = await screen.findByRole('figure', { name: 'Cost over time' })
  await user.click(within(figure).getByRole('button', { name: 'View as table' }))
  const table = within(figure).getByRole('table', { name: 'Cost over time' })
  expect(within(table).getByText('$12.00')).toBeTruthy()
})

test('a group leads one level deeper with itself as the filter', async () => {
  withSummary()
  answer('get', '/ai-cost/breakdown', sampleBreakdown())
  const { user, address } = renderAt('/cost', explorer())
  await user.click(await screen.findByRole('link', { name: 'Compute' }))
  expect(address()).toBe('/cost?group=resource&filter=service%3ACompute')
})

test('an upload shows the manifest: what was stored, what was refused and why', async () => {
  const manifest: CostImport = {
    id: 'i1',
    job_id: 'j1',
    state: 'partial',
    file_name: 'bill.csv',
    source: 'upload',
    size_bytes: 10,
    sha256: null,
    file_format: 'csv',
    focus_version: '1.0',
    rows_read: 1000,
    rows_stored: 998,
    rows_rejected: 2,
    reasons: [{ reason: 'the amount is not a number', column: 'BilledCost', rows: 2, example_rows: [4, 9] }],
    warnings: [],
    sums: [{ currency: 'USD', billed: '20000.00', effective: '19000.50', list: null, contracted: null }],
    missing_columns: [],
    extra_columns: [],
    ignored_columns: [],
    min_charge_at: null,
    max_charge_at: null,
    replaced_periods: [],
    error: null,
    created_at: '2026-11-20T10:00:00Z',
    started_at: null,
    finished_at: null,
  }
  let contentType = ''
  answer(
    'post',
    '/ai-cost/imports',
    (request) => {
      contentType = request.headers.get('Content-Type') ?? ''
      return { job_id: 'j1', import_id: 'i1' }
    },
    202,
  )
  answer('get', '/ai-cost/imports/i1', manifest)
  const { user } = renderAt('/cost', <ImportDialog onClose={() => {}} />)
  await user.upload(screen.getByLabelText(/Choose a file/), new File(['a,b'], 'bill.csv', { type: 'text/csv' }))
  await user.click(screen.getByRole('button', { name: 'Import' }))
  expect(await screen.findByText('$19,000.50')).toBeTruthy()
  expect(screen.getByText('998')).toBeTruthy()
  expect(screen.getByText(/the amount is not a number/)).toBeTruthy()
  expect(contentType).toMatch(/^multipart\/form-data; boundary=/)
})

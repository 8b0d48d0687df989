import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { ApiProblem } from '@/services/problem'
import { renderAt, violationsIn } from '@/test/render'
import { sampleResource } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { useResourceFilter } from '../hooks/useResourceFilter'
import { compareTags } from '../rules'
import { complete, placeOf, searchOf } from '../searchRules'
import { ColumnPicker } from './ColumnPicker'
import { ExportDialog, ExportList } from './ExportDialog'
import { FacetColumn } from './FacetColumn'
import { ResourceTable } from './ResourceTable'
import { ResourceViews } from './ResourceViews'
import { SearchLanguage } from './SearchLanguage'
import { SelectionBar } from './SelectionBar'

const NO_FILTER = { provider: [], account_id: [], type: [], region: [], status: [], search: '', stale: false, at: null }
const table = (
  <ResourceTable openId={null} onOpen={() => {}} accountName={() => 'Production'} firstUse={{ title: '' }} />
)
const ready = {
  id: 'x1',
  format: 'csv',
  state: 'ready',
  search: 'type:storage.bucket',
  at: null,
  job_id: 'j1',
  resources: 1204,
  size_bytes: 52_000,
  created_by: 'u1',
  created_at: '2026-11-20T10:00:00Z',
  finished_at: null,
  expires_at: null,
}

test.each([
  ['a field is put in without a space', 'ty', { from: 0, to: 2 }, { text: 'type:', kind: 'field' }, 'type:', 5],
  [
    'a value is followed by one',
    'type:st',
    { from: 5, to: 7 },
    { text: 'storage.bucket', kind: 'value' },
    'type:storage.bucket ',
    20,
  ],
  ['what follows stays', 'type:st web', { from: 5, to: 7 }, { text: 'x', kind: 'value' }, 'type:x web', 6],
] as const)('completion: %s', (_name, text, place, option, made, cursor) => {
  expect(complete(text, place, option)).toEqual({ text: made, cursor })
})

test('an objection to the search has its place, counted from one', () => {
  const problem = (pointer: string, detail: string) =>
    new ApiProblem({ status: 422, slug: 'invalid', title: 'Bad', errors: [{ pointer, detail }] })
  expect(placeOf(problem('query/search', 'There is no field typ (at character 3)'))?.at).toBe(2)
  expect(placeOf(problem('query/type', 'unknown'))).toBeNull()
})

test('a saved view holds every filter in the search language, quoted where needed', () => {
  const filter = {
    ...NO_FILTER,
    search: 'cost>5',
    type: ['a.b', 'c'],
    status: ['in use'],
    account_id: ['9f'],
    stale: true,
  }
  expect(searchOf(filter)).toBe('cost>5 account:9f type:a.b,c status:"in use" is:stale')
})

test('tags are compared by key: how many have it, and the most frequent value', () => {
  const tags: { tags: Record<string, string> }[] = [
    { tags: { env: 'prod', team: 'web' } },
    { tags: { env: 'prod' } },
    { tags: { env: 'dev' } },
  ]
  expect(compareTags(tags)).toEqual([
    { key: 'env', having: 3, values: 2, usual: 'prod' },
    { key: 'team', having: 1, values: 1, usual: 'web' },
  ])
})

test('completion is chosen with the arrows, taken with Enter, and searched with Enter again', async () => {
  answer('get', '/usage/search/complete', (request) => {
    const text = new URL(request.url).searchParams.get('text') ?? ''
    return text.startsWith('type:')
      ? {
          from: 5,
          to: text.length,
          options: text.length > 8 ? [] : [{ text: 'storage.bucket', kind: 'value', detail: '12' }],
        }
      : { from: 0, to: text.length, options: [{ text: 'type:', kind: 'field', detail: 'Kind of resource' }] }
  })
  const asked: string[] = []
  const { user, container } = renderAt(
    '/',
    <SearchLanguage label="Search" value="" onChange={(text) => asked.push(text)} />,
  )
  const field = screen.getByRole<HTMLInputElement>('combobox', { name: 'Search' })
  await user.type(field, 'ty')
  await screen.findByRole('option', { name: /type:/ })
  expect(await violationsIn(container)).toEqual([])
  await user.keyboard('{ArrowDown}')
  expect(field.getAttribute('aria-activedescendant')).toBe(screen.getByRole('option', { name: /type:/ }).id)
  await user.keyboard('{Enter}')
  expect(field.value).toBe('type:')
  await screen.findByRole('option', { name: /storage\.bucket/ })
  await user.keyboard('{Tab}')
  expect(field.value).toBe('type:storage.bucket ')
  await user.keyboard('{Enter}')
  expect(asked).toEqual(['type:storage.bucket'])
})

test('what the server objects to is underlined at its place', () => {
  const error = new ApiProblem({
    status: 422,
    slug: 'invalid',
    title: 'Bad',
    errors: [{ pointer: 'query/search', detail: 'There is no field typ (at character 6)' }],
  })
  renderAt('/', <SearchLanguage label="Search" value="name typ:x" onChange={() => {}} error={error} />)
  const alert = screen.getByRole('alert')
  expect(alert.querySelector('mark')?.textContent).toBe('typ:x')
  expect(within(alert).getByText(/There is no field typ/)).toBeTruthy()
  expect(screen.getByRole('combobox').getAttribute('aria-invalid')).toBe('true')
})

test('columns are those of the URL, any tag among them, and the picker changes them', async () => {
  answer('get', '/usage/resources', page([sampleResource()]))
  const { user, address } = renderAt(
    '/?columns=name,tag:team',
    <>
      <ColumnPicker />
      {table}
    </>,
  )
  expect(await screen.findByRole('columnheader', { name: 'team' })).toBeTruthy()
  expect(screen.queryByRole('columnheader', { name: 'Region' })).toBeNull()
  await user.click(screen.getByRole('button', { name: 'Columns' }))
  await user.click(await screen.findByRole('checkbox', { name: 'Region' }))
  await waitFor(() => expect(address()).toContain('region'))
})

test('the list is asked as of a moment when the URL has one', async () => {
  let asked = ''
  answer('get', '/usage/resources', (request) => {
    asked = new URL(request.url).searchParams.get('at') ?? ''
    return page([sampleResource()])
  })
  renderAt('/?at=2026-11-01T10:00:00Z', table)
  await screen.findByText('assets')
  expect(asked).toBe('2026-11-01T10:00:00Z')
})

function SearchAddress() {
  const { filter } = useResourceFilter()
  return <p>search is {filter.search}</p>
}

test('a view is saved with the search of the page, and applied to the URL', async () => {
  const view = {
    id: 'v1',
    name: 'Buckets',
    shared: true,
    own: true,
    search: 'type:storage.bucket',
    columns: ['name', 'region'],
    sort: '-cost',
    created_at: '',
    updated_at: '',
  }
  let saved: unknown
  answer('get', '/usage/views', { items: [view] })
  answer(
    'post',
    '/usage/views',
    async (request) => {
      saved = await request.json()
      return view
    },
    201,
  )
  const { user, address } = renderAt(
    '/?search=cost%3E5&type=queue.queue',
    <>
      <ResourceViews />
      <SearchAddress />
    </>,
  )
  await user.click(screen.getByRole('button', { name: 'Views' }))
  await user.type(await screen.findByLabelText('Name'), 'Dear queues')
  await user.click(screen.getByRole('button', { name: 'Save what is shown' }))
  await waitFor(() =>
    expect(saved).toMatchObject({ name: 'Dear queues', shared: false, search: 'cost>5 type:queue.queue' }),
  )
  await user.click(await screen.findByRole('button', { name: /^Buckets/ }))
  expect(await screen.findByText('search is type:storage.bucket')).toBeTruthy()
  expect(address()).toContain('sort=-cost')
})

test('facets beside the list show counts and filter by a click', async () => {
  answer('get', '/usage/facets', {
    provider: [{ key: 'aws', count: 12 }],
    type: [],
    region: [],
    account: [],
    status: [],
    total: 12,
    exact: true,
  })
  const { user, address } = renderAt('/resources', <FacetColumn />)
  await user.click(await screen.findByRole('checkbox', { name: /AWS/ }))
  await waitFor(() => expect(address()).toBe('/resources?provider=aws'))
})

test('selected rows are compared by their tags, and what is missing is said in a word', async () => {
  const resources = [sampleResource({ id: '1' }), sampleResource({ id: '2', name: 'logs', tags: {} })]
  const { user } = renderAt('/', <SelectionBar resources={resources} onClear={() => {}} />)
  await user.click(screen.getByRole('button', { name: 'Compare tags' }))
  const dialog = await screen.findByRole('dialog', { name: 'Tags of 2 resources' })
  expect(within(dialog).getByText('1 of 2')).toBeTruthy()
  expect(within(dialog).getByText(/missing/)).toBeTruthy()
  expect(await violationsIn(dialog)).toEqual([])
})

describeStates('exports', {
  draw: () => <ExportList />,
  path: '/usage/exports',
  filled: { items: [ready] },
  shows: /1,204 resources/,
  empty: { answer: { items: [] }, text: 'No export yet.' },
})

test('an export is started with the filters of the list and downloaded when it is ready', async () => {
  let sent: unknown
  let items: unknown[] = []
  answer('get', '/usage/exports', () => ({ items }) as never)
  answer(
    'post',
    '/usage/exports',
    async (request) => {
      sent = await request.json()
      items = [ready]
      return { job_id: 'j1', export_id: 'x1' }
    },
    202,
  )
  const filter = { ...NO_FILTER, type: ['storage.bucket'], search: 'cost>5' }
  const { user } = renderAt('/', <ExportDialog filter={filter} count={3} onClose={() => {}} />)
  await user.click(screen.getByRole('radio', { name: /Parquet/ }))
  await user.click(screen.getByRole('button', { name: 'Start export' }))
  expect(await screen.findByRole('button', { name: 'Download' })).toBeTruthy()
  expect(sent).toEqual({ format: 'parquet', search: 'cost>5', filters: { type: 'storage.bucket' } })
})

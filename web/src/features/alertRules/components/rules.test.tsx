import { screen, waitFor } from '@testing-library/react'
import { useState } from 'react'
import { Link } from 'react-router'
import { expect, test } from 'vitest'
import { samplePoints, sampleRule } from '@/test/monitoring'
import { renderAt, violationsIn } from '@/test/render'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { RuleEditor } from './RuleEditor'
import { RuleTable } from './RuleTable'
import { RuleView } from './RuleView'

const table = <RuleTable firstUse={{ title: 'No rules at all' }} />

describeStates('rule list', {
  draw: () => table,
  path: '/alerts/rules',
  filled: page([sampleRule()]),
  shows: 'Busy processors',
  empty: { answer: page([]), text: 'No rules at all' },
  filtered: { address: '/alerts/rules?state=firing', text: 'No rules match' },
})

function answerSeries() {
  answer('get', '/metrics/names', page([]))
  answer('get', '/metrics/query', samplePoints())
  answer('post', '/alerts/rules/preview', {
    at: '2026-11-20T10:00:00Z',
    series: 0,
    readings: [],
    label_sets: 0,
    firing: 0,
    pending: 0,
    rows: [],
    error: null,
  })
  answer('get', '/audit-log', page([]))
}

test('the filters of the address are asked for', async () => {
  let asked = new URLSearchParams()
  answer('get', '/alerts/rules', (request) => {
    asked = new URL(request.url).searchParams
    return page([sampleRule()])
  })
  renderAt('/alerts/rules?state=firing,pending&health=err&enabled=off&group=web&q=busy', table)
  await screen.findByText('Busy processors')
  expect(Object.fromEntries(asked)).toMatchObject({
    state: 'firing,pending',
    health: 'err',
    enabled: 'false',
    group: 'web',
    q: 'busy',
  })
})

test('a rule is switched off in the list, and on again by "Undo"', async () => {
  const called: string[] = []
  answer('get', '/alerts/rules', page([sampleRule()]))
  for (const action of ['enable', 'disable']) {
    answer('post', `/alerts/rules/ru1/${action}`, () => {
      called.push(action)
      return sampleRule({ enabled: action === 'enable' })
    })
  }
  const { user, address } = renderAt('/alerts/rules', table)
  await user.click(await screen.findByRole('switch', { name: 'Evaluate Busy processors' }))
  await user.click(await screen.findByRole('button', { name: 'Undo' }))
  await waitFor(() => expect(called).toEqual(['disable', 'enable']))
  expect(address()).toBe('/alerts/rules')
})

test('who may not change rules sees their switches and cannot use them', async () => {
  answer('get', '/alerts/rules', page([sampleRule()]))
  renderAt('/alerts/rules', table, { role: 'viewer' })
  expect((await screen.findByRole('switch')).hasAttribute('disabled')).toBe(true)
})

test('a rule is told in words, with its alerts and its series', async () => {
  answerSeries()
  const { container } = renderAt('/alerts/rules/ru1', <RuleView rule={sampleRule()} />)
  expect(screen.getByText('average of cpu_busy over 5m is above 90')).toBeTruthy()
  expect(screen.getByText('97.5')).toBeTruthy()
  expect(screen.getByRole('link', { name: 'Open' }).getAttribute('href')).toBe('/alerts?id=al1')
  expect(await screen.findByText('1 series over the last 6 hours')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
})

test('a rule that fails says why', () => {
  answerSeries()
  renderAt('/alerts/rules/ru1', <RuleView rule={sampleRule({ health: 'err', last_error: 'No such series' })} />)
  expect(screen.getByText('The last evaluation failed: No such series')).toBeTruthy()
})

test('a changed rule is sent with the version that was read', async () => {
  let sent: unknown
  answerSeries()
  answer('put', '/alerts/rules/ru1', async (request) => {
    sent = await request.json()
    return sampleRule({ version: 4 })
  })
  const { user, address, container } = renderAt('/alerts/rules/ru1/edit', <RuleEditor rule={sampleRule()} />)
  const number = screen.getByLabelText('Number')
  await user.clear(number)
  await user.type(number, '95')
  expect(await screen.findByText('average of cpu_busy over 5m is above 95')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
  await user.click(screen.getByRole('button', { name: 'Save rule' }))
  await waitFor(() => expect(address()).toBe('/alerts/rules/ru1'))
  expect(sent).toMatchObject({ version: 3, enabled: true, condition: { enter: { operator: '>', threshold: 95 } } })
})

test('what is missing is told at its field, and nothing is sent', async () => {
  answerSeries()
  const { user } = renderAt('/alerts/rules/new', <RuleEditor rule={null} />)
  await user.click(screen.getByRole('button', { name: 'Save switched off' }))
  expect(await screen.findByText('Give the rule a name')).toBeTruthy()
  expect(screen.getByText('Say which series')).toBeTruthy()
  expect(screen.getByLabelText('Number').getAttribute('aria-invalid')).toBe('true')
})

test('leaving with unsaved changes asks first', async () => {
  answerSeries()
  const { user, address } = renderAt(
    '/alerts/rules/ru1/edit',
    <>
      <Link to="/alerts">Away</Link>
      <RuleEditor rule={sampleRule()} />
    </>,
  )
  await user.type(screen.getByLabelText('Name'), ' now')
  await user.click(screen.getByRole('link', { name: 'Away' }))
  expect(await screen.findByRole('dialog', { name: 'Leave without saving?' })).toBeTruthy()
  expect(address()).toBe('/alerts/rules/ru1/edit')
  await user.click(screen.getByRole('button', { name: 'Leave without saving' }))
  await waitFor(() => expect(address()).toBe('/alerts'))
})

/** The editor, and a button by which somebody else saves. */
function SharedEditor() {
  const [rule, setRule] = useState(sampleRule())
  return (
    <>
      <button type="button" onClick={() => setRule(sampleRule({ version: 4, name: 'Theirs' }))}>
        Save elsewhere
      </button>
      <RuleEditor rule={rule} />
    </>
  )
}

test('a rule that somebody changed meanwhile is told, and theirs can be loaded', async () => {
  answerSeries()
  const { user } = renderAt('/alerts/rules/ru1/edit', <SharedEditor />)
  await user.type(screen.getByLabelText('Name'), ' mine')
  await user.click(screen.getByRole('button', { name: 'Save elsewhere' }))
  expect(await screen.findByText(/saved version 4 of this rule/)).toBeTruthy()
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('Busy processors mine')
  await user.click(screen.getByRole('button', { name: 'Load their version' }))
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('Theirs')
})

test('one may go on over what somebody else saved', async () => {
  let sent: unknown
  answerSeries()
  answer('put', '/alerts/rules/ru1', async (request) => {
    sent = await request.json()
    return sampleRule({ version: 5 })
  })
  const { user } = renderAt('/alerts/rules/ru1/edit', <SharedEditor />)
  await user.type(screen.getByLabelText('Name'), ' mine')
  await user.click(screen.getByRole('button', { name: 'Save elsewhere' }))
  await user.click(await screen.findByRole('button', { name: 'Go on with mine' }))
  await user.click(screen.getByRole('button', { name: 'Save rule' }))
  await waitFor(() => expect(sent).toMatchObject({ version: 4, name: 'Busy processors mine' }))
})

import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { sampleAuditEntry, sampleSink } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { changesOf } from '../rules'
import { AuditActions } from './AuditActions'
import { AuditFilters } from './AuditFilters'
import { AuditPanel } from './AuditPanel'
import { AuditTable } from './AuditTable'
import { SinkList } from './SinkList'

describeStates('audit log', {
  draw: () => <AuditTable openId={null} onOpen={() => {}} />,
  path: '/audit-log',
  filled: page([sampleAuditEntry()]),
  shows: 'member.updated',
  empty: { answer: page([]), text: 'Nothing recorded yet' },
  filtered: { address: '/settings/audit-log?outcome=refused', text: 'No entries match' },
})
describeStates('destinations', {
  draw: () => <SinkList />,
  path: '/audit-log/sinks',
  filled: page([sampleSink()]),
  shows: 'Our SIEM',
  empty: { answer: page([]), text: 'No destinations' },
})

test('filters are in the URL and go to the server', async () => {
  let asked = ''
  answer('get', '/audit-log', (request) => {
    asked = new URL(request.url).search
    return page([])
  })
  const { user, address } = renderAt(
    '/settings/audit-log',
    <>
      <AuditFilters people={[{ id: 'u1', name: 'Ada' }]} />
      <AuditTable openId={null} onOpen={() => {}} />
    </>,
  )
  await user.selectOptions(screen.getByLabelText('Outcome'), 'Refused')
  await user.selectOptions(screen.getByLabelText('Who'), 'Ada')
  await waitFor(() => expect(address()).toBe('/settings/audit-log?outcome=refused&actor=u1'))
  await waitFor(() => expect(asked).toContain('outcome=refused&actor_id=u1'))
})

test('an entry shows its fields before and after, and its place in the chain', async () => {
  const { container } = renderAt('/settings/audit-log', <AuditPanel entry={sampleAuditEntry()} onClose={() => {}} />)
  expect(screen.getByRole('cell', { name: 'viewer' })).toBeTruthy()
  expect(screen.getByRole('cell', { name: 'admin' })).toBeTruthy()
  expect(screen.getByText('ab12')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
})

test.each([
  [{ role: { before: 'a', after: 'b' } }, { field: 'role', before: 'a', after: 'b', isPair: true }],
  [{ role: ['a', 'b'] }, { field: 'role', before: 'a', after: 'b', isPair: true }],
  [{ name: 'x' }, { field: 'name', before: undefined, after: 'x', isPair: false }],
])('changes %j', (changes, expected) => expect(changesOf({ changes })).toEqual([expected]))

test('verifying says how many hold, and what is wrong', async () => {
  answer('post', '/audit-log/verify', {
    ok: false,
    checked: 41,
    problems: ['Entry 42 was changed.'],
    head: { number: 50, hash: 'ff', signed_at: null },
  })
  const { user } = renderAt('/settings/audit-log', <AuditActions />)
  await user.click(screen.getByRole('button', { name: 'Verify' }))
  await user.click(screen.getByRole('button', { name: 'Verify the whole log' }))
  expect(await screen.findByText('Not intact: 41 entries hold')).toBeTruthy()
  expect(screen.getByText('Entry 42 was changed.')).toBeTruthy()
  expect(await violationsIn(document.body)).toEqual([])
})

test('a new webhook shows its secret once', async () => {
  answer('get', '/audit-log/sinks', page([]))
  answer('post', '/audit-log/sinks', { ...sampleSink(), new_secret: 'whsec_1' }, 201)
  const { user } = renderAt('/settings/audit-log', <SinkList />)
  await user.click(await screen.findByRole('button', { name: 'Add destination' }))
  await user.type(screen.getByLabelText('Name'), 'SIEM')
  await user.type(screen.getByLabelText('Address'), 'https://siem.example.test/in')
  const buttons = screen.getAllByRole('button', { name: 'Add destination', hidden: true })
  await user.click(buttons.at(-1) as HTMLElement)
  expect(await screen.findByText('whsec_1')).toBeTruthy()
})

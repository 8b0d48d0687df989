import { screen, waitFor } from '@testing-library/react'
import { beforeEach, expect, test } from 'vitest'
import { renderAt, violationsIn } from '@/test/render'
import { sampleApiKey, sampleInvitation, sampleMember, sampleRole, sampleServiceIdentity } from '@/test/samples'
import { answer, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { ApiKeyList } from './ApiKeyList'
import { FactorResets } from './FactorResets'
import { InvitationList } from './InvitationList'
import { InviteDialog } from './InviteDialog'
import { MemberPanel } from './MemberPanel'
import { MemberTable } from './MemberTable'
import { RoleEditor } from './RoleEditor'
import { RoleList } from './RoleList'
import { ServiceIdentityList } from './ServiceIdentityList'

const accounts = [{ id: 'a1', name: 'Production' }]
const roles = page([
  sampleRole(),
  sampleRole({ name: 'owner', permissions: ['ownership:write'] }),
  sampleRole({ id: 'r9', name: 'Auditor plus', built_in: false, permissions: ['audit:read'] }),
])
const permissions = ['alerts:read', 'alerts:write', 'costs:read', 'assistant:use'].map((name) => ({
  name,
  roles: ['owner'],
  assignable: true,
  keys: true,
}))
const reset = {
  id: 'x1',
  user_id: 'u2',
  email: 'grace@example.test',
  name: 'Grace',
  client_address: '203.0.113.9',
  requested_at: '2026-11-20T10:00:00Z',
  approvals: 0,
  needed: 1,
  approved_by_me: false,
  due_at: null,
  expires_at: '2999-01-01T00:00:00Z',
}
const anyRole = () => answer('get', '/roles', roles)

beforeEach(() => {
  answer('get', '/permissions', permissions)
})

describeStates('members', {
  draw: () => <MemberTable openId={null} onOpen={() => {}} accounts={accounts} />,
  path: '/users',
  filled: page([sampleMember({ scope: { accounts: ['a1'], tags: [{ key: 'team', value: 'web' }] } })]),
  shows: 'Grace',
  empty: { answer: page([]), text: 'No members' },
})
describeStates('member panel', {
  draw: () => <MemberPanel id="u2" accounts={accounts} onClose={() => {}} />,
  path: '/users/u2',
  others: () => answer('get', '/users/u2/sessions', page([])),
  filled: sampleMember(),
  shows: 'Membership',
})
describeStates('invitations', {
  draw: () => <InvitationList />,
  path: '/users/invitations',
  filled: page([sampleInvitation()]),
  shows: 'linus@example.test',
  empty: { answer: page([]), text: 'No invitation is waiting.' },
})
describeStates('factor resets', {
  draw: () => <FactorResets />,
  path: '/users/factor-resets',
  filled: page([reset]),
  shows: 'Grace',
  empty: { answer: page([]), text: 'Nobody waits for a reset.' },
})
describeStates('roles', {
  draw: () => <RoleList onTask={() => {}} />,
  path: '/roles',
  filled: roles,
  shows: 'Auditor plus',
  empty: { answer: page([]), text: 'No roles' },
})
describeStates('API keys', {
  draw: () => <ApiKeyList accounts={accounts} />,
  path: '/api-keys',
  filled: page([sampleApiKey()]),
  shows: 'Nightly export',
  empty: { answer: page([]), text: 'No API keys' },
})
describeStates('service identities', {
  draw: () => <ServiceIdentityList accounts={accounts} />,
  path: '/service-identities',
  filled: page([sampleServiceIdentity()]),
  shows: 'Build server',
  empty: { answer: page([]), text: 'No service identities' },
})

test('an invitation carries role and scope, and says what is missing first', async () => {
  let sent: unknown
  anyRole()
  answer(
    'post',
    '/users/invitations',
    async (request) => {
      sent = await request.json()
      return sampleInvitation()
    },
    201,
  )
  const { user } = renderAt('/settings/members', <InviteDialog accounts={accounts} onClose={() => {}} />)
  await user.click(screen.getByLabelText('Only some accounts or tags'))
  await user.type(screen.getByLabelText('E-mail'), 'linus')
  await user.click(screen.getByRole('button', { name: 'Send invitation' }))
  expect(screen.getByText('Type an e-mail address like name@example.com')).toBeTruthy()
  expect(screen.getByText('Tick an account or give a tag')).toBeTruthy()
  await user.type(screen.getByLabelText('E-mail'), '@example.test')
  await user.click(screen.getByLabelText('Production'))
  await user.type(screen.getByLabelText('Tags'), 'team=web')
  expect(await violationsIn(document.body)).toEqual([])
  await user.click(screen.getByRole('button', { name: 'Send invitation' }))
  await waitFor(() =>
    expect(sent).toEqual({
      email: 'linus@example.test',
      role: 'viewer',
      scope: { accounts: ['a1'], tags: [{ key: 'team', value: 'web' }] },
    }),
  )
})

test('a role that holds more than oneself can be seen but not picked', async () => {
  anyRole()
  renderAt('/settings/members', <InviteDialog accounts={accounts} onClose={() => {}} />, { role: 'admin' })
  const owner = await screen.findByRole<HTMLOptionElement>('option', { name: 'owner (more than you hold)' })
  expect(owner.disabled).toBe(true)
})

test('a new role takes what is ticked; what one does not hold stays shut', async () => {
  let sent: unknown
  answer(
    'post',
    '/roles',
    async (request) => {
      sent = await request.json()
      return sampleRole()
    },
    201,
  )
  const { user } = renderAt('/settings/roles', <RoleEditor role={null} onClose={() => {}} />)
  const shut = await screen.findByRole<HTMLInputElement>('checkbox', { name: 'Assistant: Use' })
  expect(shut.disabled).toBe(true)
  await user.click(screen.getByRole('button', { name: 'Create role' }))
  expect(screen.getByText('Give the role a name')).toBeTruthy()
  expect(screen.getByText('Tick at least one permission')).toBeTruthy()
  await user.type(screen.getByLabelText('Name'), 'Watcher')
  await user.click(screen.getByRole('checkbox', { name: 'Alerts' }))
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'Alerts: Change' }).checked).toBe(true)
  await user.click(screen.getByRole('checkbox', { name: 'Alerts: Change' }))
  expect(await violationsIn(document.body)).toEqual([])
  await user.click(screen.getByRole('button', { name: 'Create role' }))
  await waitFor(() => expect(sent).toEqual({ name: 'Watcher', description: '', permissions: ['alerts:read'] }))
})

test('the search narrows the permissions', async () => {
  const { user } = renderAt('/settings/roles', <RoleEditor role={null} onClose={() => {}} />)
  await screen.findByRole('checkbox', { name: 'Costs: See' })
  await user.type(screen.getByLabelText('Search permissions'), 'alerts')
  expect(screen.queryByRole('checkbox', { name: 'Costs: See' })).toBeNull()
  expect(screen.getByRole('checkbox', { name: 'Alerts: See' })).toBeTruthy()
})

test('a key is shown once', async () => {
  let sent: { expires_at?: string; permissions?: string[]; addresses?: string[] } = {}
  answer('get', '/api-keys', page([]))
  answer('get', '/service-identities', page([]))
  answer(
    'post',
    '/api-keys',
    async (request) => {
      sent = (await request.json()) as typeof sent
      return { ...sampleApiKey(), key: 'cok_secret' }
    },
    201,
  )
  const { user } = renderAt('/settings/api-keys', <ApiKeyList accounts={accounts} />)
  const [create] = await screen.findAllByRole('button', { name: 'Create API key' })
  await user.click(create as HTMLElement)
  await user.type(await screen.findByLabelText('Name'), 'Nightly')
  await user.click(await screen.findByRole('checkbox', { name: 'Costs: See' }))
  await user.type(screen.getByLabelText('Allowed addresses (optional)'), '203.0.113.0/24, 198.51.100.7')
  const buttons = screen.getAllByRole('button', { name: 'Create API key' })
  await user.click(buttons.at(-1) as HTMLElement)
  expect(await screen.findByText('cok_secret')).toBeTruthy()
  expect(sent).toMatchObject({ permissions: ['costs:read'], addresses: ['203.0.113.0/24', '198.51.100.7'] })
  await user.click(screen.getByRole('button', { name: 'I have kept it' }))
  await waitFor(() => expect(screen.queryByText('cok_secret')).toBeNull())
})

test('a member is removed only after the address is typed', async () => {
  let removed = false
  answer('get', '/users/u2', sampleMember())
  answer('get', '/users/u2/sessions', page([]))
  answer('delete', '/users/u2', undefined, 204)
  const { user } = renderAt(
    '/settings/members',
    <MemberPanel
      id="u2"
      accounts={accounts}
      onClose={() => {
        removed = true
      }}
    />,
  )
  await user.click(await screen.findByRole('button', { name: 'Remove' }))
  const confirm = screen.getByRole<HTMLButtonElement>('button', { name: 'Remove Grace' })
  expect(confirm.disabled).toBe(true)
  await user.type(screen.getByLabelText(/to confirm/), 'grace@example.test')
  await user.click(confirm)
  await waitFor(() => expect(removed).toBe(true))
})

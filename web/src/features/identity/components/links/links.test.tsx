import { screen, waitFor } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { authorizationOf } from '@/features/identity/rules'
import { useSession } from '@/services/session'
import { urlToken } from '@/services/urlToken'
import { renderAt, violationsIn } from '@/test/render'
import { sampleMe } from '@/test/samples'
import { answer, fail } from '@/test/server'
import { AcceptInvitation } from './AcceptInvitation'
import { ApproveDevice } from './ApproveDevice'
import { AuthorizeClient } from './AuthorizeClient'
import { ForgotPassword } from './ForgotPassword'
import { ResetPassword } from './ResetPassword'
import { VerifyEmail } from './VerifyEmail'

test('a token leaves the address bar at once and is kept for its page only', () => {
  window.history.replaceState(null, '', '/reset-password?x=1#token=secret')
  expect(urlToken()).toBe('secret')
  expect(window.location.search + window.location.hash).toBe('?x=1')
  expect(urlToken()).toBe('secret')
  window.history.replaceState(null, '', '/verify-email')
  expect(urlToken()).toBeNull()
})

test('a forgotten password: the answer does not tell whether the address is known', async () => {
  answer('post', '/auth/password/forgot', {}, 202)
  const { user, container } = renderAt('/forgot-password', <ForgotPassword email="" />)
  await user.click(screen.getByRole('button', { name: 'Send the mail' }))
  expect(screen.getByText('Type your e-mail address')).toBeTruthy()
  await user.type(screen.getByLabelText('E-mail'), 'ada@example.test{Enter}')
  expect(await screen.findByText(/If ada@example.test has an account/)).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
})

test('a new password is checked for length before it is sent, and a used link says so', async () => {
  let sent: unknown
  fail('post', '/auth/password/reset', 401, 'link-invalid', 'This link was used or has expired.')
  const { user } = renderAt('/reset-password', <ResetPassword token="t1" />)
  useSession.setState({ status: 'signed-out', me: null })
  await user.type(screen.getByLabelText('New password'), 'short{Enter}')
  expect(screen.getByText('Use 12 to 128 characters')).toBeTruthy()
  await user.type(screen.getByLabelText('New password'), ' but longer now{Enter}')
  expect(await screen.findByText('This link was used or has expired.')).toBeTruthy()
  expect(screen.getByRole('link', { name: 'Ask for a new mail' })).toBeTruthy()
  answer(
    'post',
    '/auth/password/reset',
    async (request) => {
      sent = await request.json()
      return undefined
    },
    204,
  )
  await user.click(screen.getByRole('button', { name: 'Set new password' }))
  expect(await screen.findByText('The new password is set. Sign in with it.')).toBeTruthy()
  expect(sent).toEqual({ token: 't1', new_password: 'short but longer now' })
})

test('without a token the page says where to find one', () => {
  renderAt('/reset-password', <ResetPassword token={null} />)
  expect(screen.getByText(/needs the link from your mail/)).toBeTruthy()
})

test('an address is confirmed by opening the link', async () => {
  answer('post', '/auth/email/verify', undefined, 204)
  renderAt('/verify-email', <VerifyEmail token="t1" />)
  expect(await screen.findByText('Your e-mail address is confirmed.')).toBeTruthy()
})

const invitation = { organization: 'Acme', email: 'grace@example.test', role: 'viewer', needs_account: true }

test('an invited person without an account names themselves and is signed in', async () => {
  let sent: unknown
  answer('post', '/auth/invitations/read', invitation)
  answer('post', '/auth/invitations/accept', async (request) => {
    sent = await request.json()
    return { access_token: 't1', token_type: 'bearer', expires_in: 600 }
  })
  answer('get', '/auth/me', sampleMe({ name: 'Grace' }))
  const { user, container } = renderAt('/invitation', <AcceptInvitation token="t1" />)
  useSession.setState({ status: 'signed-out', me: null })
  expect(await screen.findByText('Acme')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
  await user.type(screen.getByLabelText('Your name'), 'Grace')
  await user.type(screen.getByLabelText('New password'), 'a long sentence{Enter}')
  await waitFor(() => expect(useSession.getState().me?.name).toBe('Grace'))
  expect(sent).toEqual({ token: 't1', name: 'Grace', password: 'a long sentence', client: 'web' })
})

test('somebody else who is signed in is told so instead of joining', async () => {
  answer('post', '/auth/invitations/read', { ...invitation, needs_account: false })
  renderAt('/invitation', <AcceptInvitation token="t1" />)
  expect((await screen.findByRole('alert')).textContent).toContain('you are signed in as ada@example.test')
  expect(screen.queryByRole('button', { name: 'Join Acme' })).toBeNull()
})

test('an invitation that is over says so and can be tried again', async () => {
  fail('post', '/auth/invitations/read', 404, 'not-found', 'This invitation is over.')
  renderAt('/invitation', <AcceptInvitation token="t1" />)
  expect(await screen.findByText('This invitation is over.')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
})

test('a device is shown with where it asks from before it is let in', async () => {
  let sent: unknown
  answer('post', '/auth/device/read', {
    client_id: 'cloudops-cli',
    client_name: 'CloudOps command line',
    device: 'build-7',
    client_address: '203.0.113.9',
    started_at: '2026-11-20T10:00:00Z',
  })
  answer(
    'post',
    '/auth/device/approve',
    async (request) => {
      sent = await request.json()
      return undefined
    },
    204,
  )
  const { user, container } = renderAt('/device', <ApproveDevice userCode="ABCD-EFGH" />)
  await user.click(screen.getByRole('button', { name: 'Continue' }))
  expect(await screen.findByText('203.0.113.9')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
  await user.click(screen.getByRole('button', { name: 'Let it in' }))
  expect(await screen.findByText(/The device is connected/)).toBeTruthy()
  expect(sent).toEqual({ user_code: 'ABCD-EFGH', approve: true })
})

const ASK =
  '?client_id=cloudops-cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A7777%2F&code_challenge=x&code_challenge_method=S256&state=12345678'

test('a program is named with its target and only let in by a click', async () => {
  const assign = vi.fn()
  vi.stubGlobal('location', { ...window.location, origin: 'http://localhost:3000', assign })
  answer('post', '/auth/authorize', { redirect_to: 'http://127.0.0.1:7777/?code=c1' })
  const { user } = renderAt('/authorize', <AuthorizeClient search={ASK} />)
  expect(screen.getByText('http://127.0.0.1:7777/')).toBeTruthy()
  expect(assign).not.toHaveBeenCalled()
  await user.click(screen.getByRole('button', { name: 'Let it sign in' }))
  await waitFor(() => expect(assign).toHaveBeenCalledWith('http://127.0.0.1:7777/?code=c1'))
  vi.unstubAllGlobals()
})

test.each([
  ['complete', ASK, true],
  ['no state', ASK.replace('&state=12345678', ''), false],
  ['a plain challenge', ASK.replace('S256', 'plain'), false],
  ['another response type', `${ASK}&response_type=token`, false],
])('a request that is %s', (_name, search, isUsable) => expect(authorizationOf(search) !== null).toBe(isUsable))

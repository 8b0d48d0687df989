import { screen, waitFor } from '@testing-library/react'
import { beforeEach, expect, test, vi } from 'vitest'
import { useSession } from '@/services/session'
import { renderAt, violationsIn } from '@/test/render'
import { sampleMe } from '@/test/samples'
import { answer, fail } from '@/test/server'
import { SignInForm } from './SignInForm'

const TOKEN = { access_token: 't1', token_type: 'bearer', expires_in: 600 }
const methods = (fields: object = {}) => ({ password: true, passkey: true, connections: [], ...fields })

beforeEach(() => {
  answer('get', '/auth/methods', methods())
  answer('get', '/auth/me', sampleMe())
})

function open() {
  const view = renderAt('/sign-in', <SignInForm next="/alerts" />)
  useSession.setState({ status: 'signed-out', me: null })
  return view
}

async function typeEmail(user: ReturnType<typeof renderAt>['user']) {
  await user.type(screen.getByLabelText('E-mail'), 'ada@example.test{Enter}')
}

async function typePassword(user: ReturnType<typeof renderAt>['user'], password = 'correct horse') {
  await typeEmail(user)
  await user.type(await screen.findByLabelText('Password'), password)
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
}

function demandFactor(list = ['totp', 'recovery_code']) {
  answer(
    'post',
    '/auth/login',
    {
      type: 'https://example.test/problems/mfa-required',
      title: 'A second factor is needed',
      status: 401,
      mfa_token: 'm1',
      methods: list,
    },
    401,
  )
}

test('an empty address is said at the field, and nothing is asked', async () => {
  const { user } = open()
  await user.click(screen.getByRole('button', { name: 'Continue' }))
  expect(screen.getByText('Type your e-mail address')).toBeTruthy()
  expect(screen.getByLabelText('E-mail').getAttribute('aria-invalid')).toBe('true')
})

test('e-mail, then password, all by keyboard, loads who one is', async () => {
  answer('post', '/auth/login', TOKEN)
  const { user, container } = open()
  expect(await violationsIn(container)).toEqual([])
  await typeEmail(user)
  const password = await screen.findByLabelText('Password')
  expect(document.activeElement).toBe(password)
  expect(await violationsIn(container)).toEqual([])
  await user.keyboard('correct horse{Enter}')
  await waitFor(() => expect(useSession.getState()).toMatchObject({ status: 'signed-in', me: { name: 'Ada' } }))
})

test('a wrong password says so, keeps the address and puts the focus back', async () => {
  fail('post', '/auth/login', 401, 'login-failed', 'E-mail or password is wrong.')
  const { user } = open()
  await typePassword(user)
  expect((await screen.findByRole('alert')).textContent).toContain('E-mail or password is wrong.')
  expect(screen.getByText('ada@example.test')).toBeTruthy()
  expect(document.activeElement).toBe(screen.getByLabelText('Password'))
})

test('when the ways cannot be asked for, it says why and the address stays', async () => {
  fail('get', '/auth/methods', 503, 'unavailable', 'Try again in a moment.')
  const { user } = open()
  await typeEmail(user)
  expect(await screen.findByText('Try again in a moment.')).toBeTruthy()
  expect(screen.getByLabelText<HTMLInputElement>('E-mail').value).toBe('ada@example.test')
})

test('a company provider is offered by name and told where to come back to', async () => {
  const assign = vi.fn()
  vi.stubGlobal('location', { ...window.location, origin: 'http://localhost:3000', assign })
  const connection = { id: 'c1', name: 'Acme Entra', kind: 'oidc', start_url: '/api/v1/auth/oidc/c1/start' }
  answer('get', '/auth/methods', methods({ password: false, connections: [connection] }))
  const { user } = open()
  await typeEmail(user)
  await user.click(await screen.findByRole('button', { name: 'Continue with Acme Entra' }))
  expect(screen.queryByLabelText('Password')).toBeNull()
  expect(assign).toHaveBeenCalledWith('http://localhost:3000/api/v1/auth/oidc/c1/start?return_to=%2Falerts')
  vi.unstubAllGlobals()
})

test('the second factor is asked for when it is due, and sent with the token', async () => {
  let sent: unknown
  demandFactor()
  answer('post', '/auth/mfa', async (request) => {
    sent = await request.json()
    return TOKEN
  })
  const { user, container } = open()
  await typePassword(user)
  await user.type(await screen.findByLabelText('Code from your authenticator app'), '123456{Enter}')
  await waitFor(() => expect(sent).toEqual({ mfa_token: 'm1', otp: '123456', client: 'web' }))
  await waitFor(() => expect(useSession.getState().status).toBe('signed-in'))
  expect(await violationsIn(container)).toEqual([])
})

test('a recovery code can be used instead', async () => {
  let sent: unknown
  demandFactor()
  answer('post', '/auth/mfa', async (request) => {
    sent = await request.json()
    return TOKEN
  })
  const { user } = open()
  await typePassword(user)
  await user.click(await screen.findByRole('button', { name: 'Use a recovery code' }))
  await user.type(screen.getByLabelText('Recovery code'), 'abcd-efgh{Enter}')
  await waitFor(() => expect(sent).toEqual({ mfa_token: 'm1', recovery_code: 'abcd-efgh', client: 'web' }))
})

test('who lost the factor can ask for a reset, after reading what it means', async () => {
  let sent: unknown
  demandFactor()
  answer(
    'post',
    '/auth/mfa/lost',
    async (request) => {
      sent = await request.json()
      return {}
    },
    202,
  )
  const { user } = open()
  await typePassword(user)
  await user.click(await screen.findByRole('button', { name: 'I lost my second factor' }))
  await user.click(await screen.findByRole('button', { name: 'Ask for the reset' }))
  expect(await screen.findByText(/owners and admins were asked/)).toBeTruthy()
  expect(sent).toEqual({ mfa_token: 'm1' })
})

test('a passkey signs in without a password', async () => {
  const bytes = (text: string) => new TextEncoder().encode(text).buffer
  const get = vi.fn().mockResolvedValue({
    id: 'cred',
    rawId: bytes('cred'),
    type: 'public-key',
    authenticatorAttachment: null,
    getClientExtensionResults: () => ({}),
    response: {
      clientDataJSON: bytes('{}'),
      authenticatorData: bytes('a'),
      signature: bytes('s'),
      userHandle: null,
    },
  })
  vi.stubGlobal('PublicKeyCredential', vi.fn())
  Object.defineProperty(navigator, 'credentials', { configurable: true, value: { get } })
  let sent: unknown
  answer('post', '/auth/passkey/options', { ticket: 'k1', public_key: { challenge: 'AQID' } })
  answer('post', '/auth/passkey', async (request) => {
    sent = await request.json()
    return TOKEN
  })
  const { user } = open()
  await user.click(screen.getByRole('button', { name: 'Sign in with a passkey' }))
  await waitFor(() => expect(useSession.getState().status).toBe('signed-in'))
  expect(sent).toMatchObject({ ticket: 'k1', client: 'web', credential: { id: 'cred', rawId: 'Y3JlZA' } })
  const asked = get.mock.calls[0]?.[0] as { publicKey: { challenge: Uint8Array } }
  expect([...asked.publicKey.challenge]).toEqual([1, 2, 3])
  vi.unstubAllGlobals()
})

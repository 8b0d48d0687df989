import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { useSession } from '@/services/session'
import { renderAt } from '@/test/render'
import { answer, fail, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { SessionList } from './SessionList'
import { SignInForm } from './SignInForm'

const me = {
  id: 'u1',
  email: 'ada@example.test',
  name: 'Ada',
  role: 'owner',
  permissions: [],
  organization: { id: 'o1', name: 'Acme' },
}

describeStates('sessions', {
  draw: () => <SessionList />,
  path: '/auth/sessions',
  filled: page([
    {
      id: 's1',
      device: 'Firefox on Linux',
      client: 'web',
      client_address: '127.0.0.1',
      amr: ['pwd'],
      created_at: '2026-11-20T10:00:00Z',
      last_seen_at: '2026-11-20T10:00:00Z',
      expires_at: '2026-11-27T10:00:00Z',
      current: true,
    },
  ]),
  shows: 'Firefox on Linux',
  empty: { answer: page([]), text: 'No sessions' },
})

async function submit(user: ReturnType<typeof renderAt>['user'], password = 'correct horse') {
  await user.type(screen.getByLabelText('E-mail'), 'ada@example.test')
  await user.type(screen.getByLabelText('Password'), password)
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
}

test('signing in loads who one is', async () => {
  answer('post', '/auth/login', { access_token: 't1', token_type: 'bearer', expires_in: 600 })
  answer('get', '/auth/me', me)
  const { user } = renderAt('/sign-in', <SignInForm />)
  useSession.setState({ status: 'signed-out', me: null })
  await submit(user)
  await waitFor(() => expect(useSession.getState()).toMatchObject({ status: 'signed-in', me: { name: 'Ada' } }))
})

test('a wrong password says so and keeps the e-mail', async () => {
  fail('post', '/auth/login', 401, 'login-failed', 'E-mail or password is wrong.')
  const { user } = renderAt('/sign-in', <SignInForm />)
  await submit(user)
  expect((await screen.findByRole('alert')).textContent).toContain('E-mail or password is wrong.')
  expect(screen.getByLabelText<HTMLInputElement>('E-mail').value).toBe('ada@example.test')
})

test('the second factor is asked for only when it is due', async () => {
  let sent: unknown
  fail('post', '/auth/login', 401, 'mfa-required')
  const { user } = renderAt('/sign-in', <SignInForm />)
  expect(screen.queryByLabelText(/second factor/)).toBeNull()
  await submit(user)
  const code = await screen.findByLabelText('Code of your second factor')
  answer('post', '/auth/login', async (request) => {
    sent = await request.json()
    return { access_token: 't1', token_type: 'bearer', expires_in: 600 }
  })
  answer('get', '/auth/me', me)
  await user.type(code, '123456')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  await waitFor(() => expect(sent).toMatchObject({ otp: '123456' }))
})

import { listMembers } from '@cloudops/api-client'
import { act, screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { answerOf } from '@/services/http'
import { useSession } from '@/services/session'
import { useStepUp } from '@/services/stepUp'
import { renderAt, violationsIn } from '@/test/render'
import { sampleFactors, sampleMe } from '@/test/samples'
import { answer, fail, page } from '@/test/server'
import { describeStates } from '@/test/states'
import { FactorBanner } from './FactorBanner'
import { FactorList } from './factors/FactorList'
import { You } from './profile/You'
import { SessionList } from './SessionList'
import { StepUpDialog } from './StepUpDialog'

const session = {
  id: 's1',
  device: 'Firefox on Linux',
  client: 'web',
  client_address: '127.0.0.1',
  amr: ['pwd'],
  created_at: '2026-11-20T10:00:00Z',
  last_seen_at: '2026-11-20T10:00:00Z',
  expires_at: '2026-11-27T10:00:00Z',
  current: true,
}

describeStates('sessions', {
  draw: () => <SessionList />,
  path: '/auth/sessions',
  filled: page([session]),
  shows: 'Firefox on Linux',
  empty: { answer: page([]), text: 'No sessions' },
})
describeStates('factors', {
  draw: () => <FactorList />,
  path: '/auth/factors',
  filled: sampleFactors(),
  shows: 'My phone',
  empty: {
    answer: sampleFactors({ totp: [], recovery_codes: null }),
    text: /With a second factor, a stolen password alone/,
  },
})

test('all other sessions end after a question', async () => {
  let ended = false
  answer('get', '/auth/sessions', page([session, { ...session, id: 's2', device: 'Phone', current: false }]))
  answer('delete', '/auth/sessions', () => {
    ended = true
    return { ended: 1 }
  })
  const { user } = renderAt('/profile/security', <SessionList />)
  await user.click(await screen.findByRole('button', { name: 'Sign out everywhere else' }))
  expect(ended).toBe(false)
  const [, confirm] = screen.getAllByRole('button', { name: 'Sign out everywhere else', hidden: true })
  await user.click(confirm as HTMLElement)
  expect(await screen.findByText('1 other session ended')).toBeTruthy()
})

test('an authenticator app is set up by code or text, and its recovery codes are shown once', async () => {
  answer('get', '/auth/factors', sampleFactors({ totp: [], recovery_codes: null }))
  answer('post', '/auth/factors/totp', { id: 't9', secret: 'JBSWY3DP', uri: 'otpauth://x', qr_svg: '<svg/>' }, 201)
  answer('post', '/auth/factors/totp/t9/confirm', { recovery_codes: ['aaaa-1111', 'bbbb-2222'] })
  answer('get', '/auth/me', sampleMe())
  const { user, container } = renderAt('/profile/security', <FactorList />)
  await user.click(await screen.findByRole('button', { name: 'Add authenticator app' }))
  await user.click(screen.getByRole('button', { name: 'Continue' }))
  const drawing = await screen.findByRole('img', { name: 'Code to scan with an authenticator app' })
  expect(drawing.getAttribute('src')).toContain('data:image/svg+xml')
  expect(screen.getByText('JBSWY3DP')).toBeTruthy()
  await user.type(screen.getByLabelText('Code from your authenticator app'), '123456{Enter}')
  expect(await screen.findByText('aaaa-1111')).toBeTruthy()
  const done = screen.getByRole<HTMLButtonElement>('button', { name: 'Done' })
  expect(done.disabled).toBe(true)
  await user.click(screen.getByLabelText('I have kept these codes in a safe place'))
  expect(await violationsIn(container.ownerDocument.body)).toEqual([])
  await user.click(done)
  await waitFor(() => expect(screen.queryByText('aaaa-1111')).toBeNull())
})

test('a wrong code keeps the drawing and says why', async () => {
  answer('get', '/auth/factors', sampleFactors({ totp: [], recovery_codes: null }))
  answer('post', '/auth/factors/totp', { id: 't9', secret: 'JBSWY3DP', uri: 'otpauth://x', qr_svg: '<svg/>' }, 201)
  fail('post', '/auth/factors/totp/t9/confirm', 422, 'code-wrong', 'That code does not fit.')
  const { user } = renderAt('/profile/security', <FactorList />)
  await user.click(await screen.findByRole('button', { name: 'Add authenticator app' }))
  await user.click(screen.getByRole('button', { name: 'Continue' }))
  await user.type(await screen.findByLabelText('Code from your authenticator app'), '000000{Enter}')
  expect(await screen.findByText('That code does not fit.')).toBeTruthy()
  expect(screen.getByText('JBSWY3DP')).toBeTruthy()
})

test('a demanded factor is announced on every page while it can wait', async () => {
  renderAt('/alerts', <FactorBanner />)
  expect(screen.queryByRole('link', { name: 'Set it up' })).toBeNull()
  act(() =>
    useSession.setState({
      me: sampleMe({ mfa: { enrolled: false, required: true, grace_ends_at: '2026-12-01T00:00:00Z' } }),
    }),
  )
  const link = await screen.findByRole('link', { name: 'Set it up' })
  expect(link.getAttribute('href')).toBe('/profile/security')
  expect(screen.getByText(/Set one up before/)).toBeTruthy()
})

test('a call that wants fresh proof asks for password and code, and goes on by itself', async () => {
  let tries = 0
  let proof: unknown
  answer('get', '/auth/factors', sampleFactors())
  answer('post', '/auth/step-up', async (request) => {
    proof = await request.json()
    return { access_token: 't2', token_type: 'bearer', expires_in: 600 }
  })
  fail('get', '/users', 403, 'step-up-required')
  const { user } = renderAt('/settings/members', <StepUpDialog />)
  const call = answerOf(listMembers()).then(({ items }) => {
    tries = items.length
  })
  await waitFor(() => expect(useStepUp.getState().answer).not.toBeNull())
  const password = await screen.findByLabelText('Password')
  await user.type(password, 'correct horse')
  await user.type(screen.getByLabelText('Code from your authenticator app'), '123456')
  answer('get', '/users', page([{ id: 'u2' }]))
  await user.click(screen.getByRole('button', { name: 'Confirm and go on' }))
  await call
  expect(tries).toBe(1)
  expect(proof).toEqual({ password: 'correct horse', otp: '123456' })
})

test('closing that dialog leaves the refusal as the answer', async () => {
  answer('get', '/auth/factors', sampleFactors({ totp: [], recovery_codes: null }))
  fail('get', '/users', 403, 'step-up-required', 'Confirm it is you.')
  const { user } = renderAt('/settings/members', <StepUpDialog />)
  const call = answerOf(listMembers()).catch((error: Error) => error.message)
  await user.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(await call).toBe('Confirm it is you.')
})

test('a refusal for want of a factor is remembered, so that the frame leads to its set-up', async () => {
  fail('get', '/users', 403, 'factor-required')
  renderAt('/settings/members', <p />)
  await answerOf(listMembers()).catch(() => undefined)
  expect(useSession.getState().factorDemanded).toBe(true)
  useSession.setState({ factorDemanded: false })
})

test('the e-mail changes by a mail to the new address', async () => {
  let sent: unknown
  answer(
    'post',
    '/auth/email/change',
    async (request) => {
      sent = await request.json()
      return {}
    },
    202,
  )
  const { user, container } = renderAt('/profile', <You />)
  expect(await violationsIn(container)).toEqual([])
  await user.click(screen.getByRole('button', { name: 'Change e-mail' }))
  await user.type(screen.getByLabelText('New e-mail'), 'new@example.test{Enter}')
  expect(await screen.findByText('A mail is on its way to new@example.test')).toBeTruthy()
  expect(sent).toEqual({ email: 'new@example.test' })
})

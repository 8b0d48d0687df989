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
import { LinkedProviders } from './LinkedProviders'
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

test('one changes one’s own name', async () => {
  let sent: unknown
  answer('patch', '/auth/me', async (request) => {
    sent = await request.json()
    return sampleMe({ name: 'Ada L.' })
  })
  answer('get', '/auth/me', sampleMe({ name: 'Ada L.' }))
  const { user, container } = renderAt('/profile', <You />)
  await user.click(screen.getByRole('button', { name: 'Change name' }))
  const field = screen.getByLabelText('Your name')
  await user.clear(field)
  await user.type(field, ' Ada L. {Enter}')
  await waitFor(() => expect(sent).toEqual({ name: 'Ada L.' }))
  expect(await screen.findByText('Name saved')).toBeTruthy()
  expect(await violationsIn(container)).toEqual([])
})

test('a factor that goes takes the other sessions along where the person ticks it', async () => {
  let search = ''
  answer('get', '/auth/factors', sampleFactors())
  answer('delete', '/auth/factors/:id', (request) => {
    search = new URL(request.url).search
    return {}
  })
  const { user } = renderAt('/profile/security', <FactorList />)
  await user.click((await screen.findAllByRole('button', { name: /^Remove My phone/ }))[0] as HTMLElement)
  await user.click(screen.getByLabelText('Sign out everywhere else'))
  const buttons = screen.getAllByRole('button', { name: 'Remove My phone', hidden: true })
  await user.click(buttons.at(-1) as HTMLElement)
  await waitFor(() => expect(search).toBe('?end_other_sessions=true'))
})

describeStates('linked providers', {
  draw: () => <LinkedProviders />,
  path: '/auth/identities',
  filled: page([{ id: 'p1', name: 'Acme ID', kind: 'oidc', linked_at: null }]),
  shows: 'Acme ID',
  empty: { answer: page([]), text: 'Your organization has no identity provider.' },
})

test('linking a provider leads there, and a refusal is shown', async () => {
  answer('get', '/auth/identities', page([{ id: 'p1', name: 'Acme ID', kind: 'oidc', linked_at: null }]))
  fail('post', '/identity-providers/p1/link', 400, 'sign-in-failed', 'The sign-in did not succeed.')
  const { user } = renderAt('/profile/security', <LinkedProviders />)
  await user.click(await screen.findByRole('button', { name: 'Link Acme ID' }))
  expect(await screen.findByText('The sign-in did not succeed.')).toBeTruthy()
})

test('a first password says until when it works', async () => {
  renderAt('/alerts', <FactorBanner />)
  act(() => useSession.setState({ me: sampleMe({ password_expires_at: '2026-12-01T10:00:00Z' }) }))
  expect(await screen.findByText(/first start works until/)).toBeTruthy()
})

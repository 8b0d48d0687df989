import { listAlerts } from '@cloudops/api-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answer, fail } from '@/test/server'
import { answerOf } from './http'
import { ApiProblem } from './problem'
import { endSession, refreshSession, resumeSession, signIn, signOut, useSession } from './session'
import { useStepUp } from './stepUp'

const me = {
  id: 'u1',
  email: 'ada@example.test',
  name: 'Ada',
  role: 'owner',
  permissions: ['alerts:read'],
  organization: { id: 'o1', name: 'Acme' },
}
const token = (value: string) => ({ access_token: value, token_type: 'bearer', expires_in: 600 })
const noAlerts = { items: [], next_cursor: null, total: 0 }

beforeEach(async () => {
  answer('post', '/auth/login', token('first'))
  answer('get', '/auth/me', me)
  await signIn('/auth/login', { email: me.email, password: 'x' })
})
afterEach(() => endSession(null))

test('the access token is never put into storage', () => {
  expect(JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })).not.toContain('first')
})

test('calls carry the token, a 401 renews it once and the call is repeated', async () => {
  const seen: (string | null)[] = []
  let clientHeader: string | null = null
  answer('get', '/alerts', (request) => {
    seen.push(request.headers.get('Authorization'))
    return noAlerts
  })
  fail('get', '/alerts', 401, 'unauthenticated')
  answer('post', '/auth/refresh', async (request) => {
    clientHeader = request.headers.get('X-CloudOps-Client')
    expect(await request.json()).toEqual({})
    answer('get', '/alerts', (again) => {
      seen.push(again.headers.get('Authorization'))
      return noAlerts
    })
    return token('second')
  })
  await expect(answerOf(listAlerts())).resolves.toEqual(noAlerts)
  expect(seen).toEqual(['Bearer second'])
  expect(clientHeader).toBe('web')
})

test('calls that fail together renew the session once', async () => {
  let renewals = 0
  answer('post', '/auth/refresh', () => {
    renewals += 1
    return token('second')
  })
  await Promise.all([refreshSession(), refreshSession(), refreshSession()])
  expect(renewals).toBe(1)
})

test('a session that cannot be renewed ends and says so', async () => {
  fail('get', '/alerts', 401, 'unauthenticated')
  fail('post', '/auth/refresh', 401, 'session-ended')
  await expect(answerOf(listAlerts())).rejects.toMatchObject({ status: 401 })
  expect(useSession.getState()).toMatchObject({ status: 'signed-out', me: null, ended: 'expired' })
})

test('a reload takes up the session by the cookie; without one no call is made', async () => {
  answer('post', '/auth/refresh', token('second'))
  useSession.setState({ status: 'starting', me: null })
  await resumeSession()
  expect(useSession.getState().status).toBe('signed-in')

  endSession(null)
  const send = vi.spyOn(globalThis, 'fetch')
  await resumeSession()
  expect(useSession.getState().status).toBe('signed-out')
  expect(send).not.toHaveBeenCalled()
})

test('signing out forgets at once, even when the server cannot be told', async () => {
  fail('post', '/auth/logout', 503, 'unavailable')
  await signOut()
  expect(useSession.getState()).toMatchObject({ status: 'signed-out', me: null, ended: null })
})

test('a problem keeps its words, its slug and the request id', async () => {
  fail('get', '/alerts', 429, 'rate-limited', 'Too many requests.')
  const problem = await answerOf(listAlerts()).catch((error: unknown) => error)
  expect(problem).toBeInstanceOf(ApiProblem)
  expect(problem).toMatchObject({ slug: 'rate-limited', message: 'Too many requests.', requestId: 'req-1' })
})

test('an action that wants fresh proof waits for it and then goes on', async () => {
  fail('get', '/alerts', 403, 'step-up-required')
  const call = answerOf(listAlerts())
  await vi.waitFor(() => expect(useStepUp.getState().answer).not.toBeNull())
  answer('get', '/alerts', noAlerts)
  useStepUp.getState().answer?.(true)
  await expect(call).resolves.toEqual(noAlerts)
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answer } from '@/test/server'
import { openEventStream, retryDelay, type StreamEvent, useStreamState } from './eventStream'
import { endSession, signIn } from './session'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 1 as const
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  constructor() {
    FakeSocket.all.push(this)
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close() {
    this.onclose?.()
  }
  receive(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

const events: StreamEvent[] = []
let gaps = 0
let stop = () => {}

beforeEach(async () => {
  FakeSocket.all = []
  events.length = 0
  gaps = 0
  answer('post', '/auth/login', { access_token: 't1', expires_in: 600 })
  answer('get', '/auth/me', { id: 'u1', permissions: [], organization: {} })
  await signIn('/auth/login', { email: 'a', password: 'b' })
  vi.useFakeTimers()
  stop = openEventStream({
    onEvent: (event) => events.push(event),
    onGap: () => {
      gaps += 1
    },
    openSocket: () => new FakeSocket(),
  })
  await vi.advanceTimersByTimeAsync(0)
})
afterEach(() => {
  stop()
  vi.useRealTimers()
  endSession(null)
})

const socket = () => FakeSocket.all.at(-1) as FakeSocket
const event = (id: string) => ({ type: 'alert.fired', topic: 'alerts', id, at: '', data: {} })

test('it signs in by the first message and subscribes', () => {
  socket().onopen?.()
  expect(socket().sent[0]).toEqual({ type: 'auth', token: 't1' })
  expect(socket().sent[1]).toMatchObject({ type: 'subscribe' })
  expect(useStreamState.getState().state).toBe('live')
})

test('after a break it resumes behind the last event seen', async () => {
  socket().onopen?.()
  socket().receive(event('e1'))
  socket().receive(event('e2'))
  socket().close()
  expect(useStreamState.getState().state).toBe('connecting')
  await vi.advanceTimersByTimeAsync(2_000)
  socket().onopen?.()
  expect(FakeSocket.all).toHaveLength(2)
  expect(socket().sent.at(-1)).toEqual({ type: 'resume', after: 'e2' })
  expect(events.map(({ id }) => id)).toEqual(['e1', 'e2'])
})

test('when the server no longer has what was missed, everything is asked anew', () => {
  socket().onopen?.()
  socket().receive({ type: 'gap' })
  expect(gaps).toBe(1)
})

test('text that is no message is passed over', () => {
  socket().onopen?.()
  socket().onmessage?.({ data: '{' })
  socket().receive('word')
  socket().receive({ type: 'subscribed', topics: [] })
  expect(events).toEqual([])
})

test('retries wait longer each time, up to half a minute', () => {
  expect(retryDelay(0, 1)).toBe(1_000)
  expect(retryDelay(3, 1)).toBe(8_000)
  expect(retryDelay(20, 1)).toBe(30_000)
  expect(retryDelay(3, 0)).toBe(4_000)
})

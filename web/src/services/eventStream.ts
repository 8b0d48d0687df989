import { create } from 'zustand'
import { freshToken, onTokenChange } from './session'

export type StreamEvent = { type: string; topic: string; id: string; at: string; data: Record<string, unknown> }
export type StreamState = 'connecting' | 'live' | 'offline'

/** How the live connection stands, for the footer. */
export const useStreamState = create<{ state: StreamState }>(() => ({ state: 'offline' }))

const TOPICS = ['alerts', 'jobs', 'compliance', 'costs', 'inventory']
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** The access token lasts ten minutes and an idle page makes no call that would renew it. */
const TOKEN_CHECK_MS = 60_000

type Socket = Pick<WebSocket, 'send' | 'close' | 'readyState'> & {
  onopen: (() => void) | null
  onmessage: ((message: { data: unknown }) => void) | null
  onclose: (() => void) | null
}

type StreamOptions = {
  onEvent: (event: StreamEvent) => void
  /** Events may have been missed beyond what the server still holds: everything shown should be asked again. */
  onGap: () => void
  openSocket?: () => Socket
}

function defaultSocket(): Socket {
  const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws'
  return new WebSocket(`${scheme}://${window.location.host}/api/v1/ws`) as unknown as Socket
}

/** Full jitter: after an outage the browsers do not all come back at once. */
export function retryDelay(attempt: number, random = Math.random()): number {
  return Math.round((0.5 + random / 2) * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))
}

/**
 * Follows the organization's events until stopped: signs in by the first message, subscribes, and after a break resumes
 * behind the last event seen.
 */
export function openEventStream({ onEvent, onGap, openSocket = defaultSocket }: StreamOptions): () => void {
  let socket: Socket | null = null
  let stopped = false
  let attempt = 0
  let lastId: string | null = null
  let hadConnection = false
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  const send = (message: unknown) => socket?.send(JSON.stringify(message))
  const setState = (state: StreamState) => useStreamState.setState({ state })

  const ready = () => {
    send({ type: 'subscribe', topics: TOPICS })
    if (lastId) send({ type: 'resume', after: lastId })
    else if (hadConnection) onGap()
    hadConnection = true
    attempt = 0
    setState('live')
  }

  const receive = (text: unknown) => {
    const message = parseMessage(text)
    if (!message) return
    if (isEvent(message)) {
      lastId = message.id
      onEvent(message)
    } else if (message.type === 'gap' || message.type === 'resume_failed') {
      lastId = null
      onGap()
    }
  }

  const retry = () => {
    if (stopped) return
    setState(attempt > 1 ? 'offline' : 'connecting')
    retryTimer = setTimeout(() => void connect(), retryDelay(attempt))
    attempt += 1
  }

  const connect = async () => {
    if (stopped) return
    try {
      const token = await freshToken()
      if (!token || stopped) return
      const next = openSocket()
      socket = next
      next.onopen = () => {
        send({ type: 'auth', token })
        ready()
      }
      next.onmessage = (message) => receive(message.data)
      next.onclose = () => {
        if (socket === next) socket = null
        retry()
      }
    } catch {
      retry()
    }
  }

  const stopTokens = onTokenChange((token) => {
    if (token && socket?.readyState === WebSocket.OPEN) send({ type: 'auth', token })
  })
  const tokenTimer = setInterval(() => void freshToken().catch(() => undefined), TOKEN_CHECK_MS)
  const online = () => {
    if (socket || stopped) return
    clearTimeout(retryTimer)
    attempt = 0
    void connect()
  }
  window.addEventListener('online', online)

  setState('connecting')
  void connect()

  return () => {
    stopped = true
    clearTimeout(retryTimer)
    clearInterval(tokenTimer)
    stopTokens()
    window.removeEventListener('online', online)
    socket?.close()
    setState('offline')
  }
}

function parseMessage(text: unknown): Record<string, unknown> | null {
  try {
    const message: unknown = JSON.parse(String(text))
    return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function isEvent(message: Record<string, unknown>): message is StreamEvent {
  return typeof message.topic === 'string' && message.id !== undefined && message.id !== null
}

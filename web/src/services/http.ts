import { problemFrom, unreachable } from './problem'
import { endSession, freshToken, refreshSession } from './session'
import { askToConfirm } from './stepUp'

type Query = Record<string, string | number | boolean | null | undefined | string[]>
type Options = { query?: Query; signal?: AbortSignal; idempotencyKey?: string }

/** `fetch` with the session's token; a 401 renews it once and tries again, a second one ends the session. */
async function authorizedFetch(path: string, init: RequestInit): Promise<Response> {
  const send = async () => {
    const headers = new Headers(init.headers)
    const token = await freshToken()
    if (token) headers.set('Authorization', `Bearer ${token}`)
    try {
      return await fetch(path, { ...init, headers })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw unreachable()
    }
  }
  const response = await send()
  if (response.status !== 401) return response
  if (await refreshSession()) return send()
  endSession('expired')
  return response
}

/** Several values go comma-separated in one parameter, as the contract says; empty ones are left out. */
export function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    const text = Array.isArray(value) ? value.join(',') : value
    if (text !== null && text !== undefined && text !== '' && text !== false) parameters.set(name, String(text))
  }
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

async function call<Answer>(method: string, path: string, body: unknown, options: Options = {}): Promise<Answer> {
  const isForm = body instanceof FormData
  const send = () =>
    authorizedFetch(`/api/v1${path}${queryString(options.query)}`, {
      method,
      signal: options.signal,
      headers: {
        Accept: 'application/json',
        ...(body !== undefined && !isForm ? { 'Content-Type': 'application/json' } : {}),
        ...(options.idempotencyKey ? { 'Idempotency-Key': options.idempotencyKey } : {}),
      },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    })
  let response = await send()
  if (!response.ok) {
    const problem = await problemFrom(response)
    if (problem.slug !== 'step-up-required' || !(await askToConfirm())) throw problem
    response = await send()
    if (!response.ok) throw await problemFrom(response)
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer
}

export const http = {
  get: <Answer>(path: string, options?: Options) => call<Answer>('GET', path, undefined, options),
  post: <Answer>(path: string, body: unknown = {}, options?: Options) => call<Answer>('POST', path, body, options),
  patch: <Answer>(path: string, body: unknown, options?: Options) => call<Answer>('PATCH', path, body, options),
  delete: (path: string, options?: Options) => call<undefined>('DELETE', path, undefined, options),
}

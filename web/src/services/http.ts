import { client } from '@cloudops/api-client'
import { ApiProblem, isFactorDemand, isStepUp, problemFrom, problemOf, unreachable } from './problem'
import { endSession, freshToken, refreshSession, useSession } from './session'
import { askToConfirm } from './stepUp'

/**
 * `fetch` with the session's token. A 401 renews it once and tries again, a second one ends the session; an action that
 * wants fresh proof of identity asks for it and goes on; one that wants a second factor first leads to its set-up.
 */
async function authorizedFetch(input: RequestInfo | URL): Promise<Response> {
  const request = input instanceof Request ? input : new Request(input)
  // An upload is not copied to be sent twice: 200 MB would stay in memory.
  const isUpload = request.headers.get('Content-Type')?.startsWith('multipart/') ?? false
  let hadToken = false
  const send = async () => {
    const attempt = isUpload ? request : request.clone()
    const token = await freshToken()
    hadToken = token !== null
    if (token) attempt.headers.set('Authorization', `Bearer ${token}`)
    try {
      return await fetch(attempt)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw unreachable()
    }
  }
  const response = await send()
  // Without a token the refusal is about what was sent (a link that was used), not about a session.
  if (response.status === 401 && (hadToken || useSession.getState().status === 'signed-in')) {
    if ((await refreshSession()) && !isUpload) return send()
    endSession('expired')
  }
  if (response.status === 403) {
    const problem = await problemFrom(response.clone())
    if (isFactorDemand(problem)) useSession.setState({ factorDemanded: true })
    if (isStepUp(problem) && !isUpload && (await askToConfirm())) return send()
  }
  return response
}

client.setConfig({ baseUrl: window.location.origin, fetch: authorizedFetch })

type Result<Data> = { data?: Data; error?: unknown; response?: Response }

/** What a call of the generated client answers; throws ApiProblem (or the abort) when it failed. */
export async function answerOf<Data>(call: Promise<Result<Data>>): Promise<Data> {
  const { data, error, response } = await call
  if (response?.ok) return data as Data
  if (error instanceof ApiProblem || error instanceof DOMException) throw error
  if (!response) throw error instanceof Error ? error : unreachable()
  throw problemOf(response, error)
}

/** Several values go comma-separated in one parameter; none leaves it out. */
export const listOf = (values: readonly string[]): string | undefined => values.join(',') || undefined

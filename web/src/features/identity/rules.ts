export type AuthorizationRequest = {
  client_id: string
  redirect_uri: string
  code_challenge: string
  code_challenge_method: 'S256'
  state: string
}

/** What a first-party client asks for in `/authorize?…`; null when a part is missing or is not ours to grant. */
export function authorizationOf(search: string): AuthorizationRequest | null {
  const query = new URLSearchParams(search)
  const read = (name: string) => query.get(name) ?? ''
  const request = {
    client_id: read('client_id'),
    redirect_uri: read('redirect_uri'),
    code_challenge: read('code_challenge'),
    state: read('state'),
  }
  const isComplete = Object.values(request).every(Boolean)
  const isCode = (query.get('response_type') ?? 'code') === 'code'
  if (!isComplete || !isCode || read('code_challenge_method') !== 'S256') return null
  return { ...request, code_challenge_method: 'S256' }
}

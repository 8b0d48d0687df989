import type { StepUp } from '@cloudops/api-client'
import { create } from 'zustand'
import type { Me } from '@/types/api'
import { usePreferences } from './preferences'
import { problemFrom, unreachable } from './problem'

/**
 * The signed-in session. The access token lives in this module's memory only; the refresh token is a cookie that script
 * cannot read.
 */
type SessionState = {
  status: 'starting' | 'signed-in' | 'signed-out'
  me: Me | null
  /** Why the session ended without the person asking, to be said on the sign-in page. */
  ended: 'expired' | null
  /** A call was refused because a second factor has to be set up first. */
  factorDemanded: boolean
}

export const useSession = create<SessionState>(() => ({
  status: 'starting',
  me: null,
  ended: null,
  factorDemanded: false,
}))

/** That a session was begun in this browser, no more: it spares new visitors a refresh that must fail. */
const REMEMBERED = 'cloudops-signed-in'

function remember(signedIn: boolean) {
  try {
    if (signedIn) localStorage.setItem(REMEMBERED, '1')
    else localStorage.removeItem(REMEMBERED)
  } catch {
    // Storage is closed to us: then the refresh is always tried.
  }
}

function mayHaveSession(): boolean {
  try {
    return localStorage.getItem(REMEMBERED) === '1'
  } catch {
    return true
  }
}

type Token = { value: string; expiresAt: number }
type TokenBody = { access_token: string; expires_in: number }

/** Renew this long before the token ends, so that a call never leaves with one about to die. */
const RENEW_BEFORE_MS = 30_000

let token: Token | null = null
let refreshing: Promise<boolean> | null = null
const tokenListeners = new Set<(token: string | null) => void>()
const signOutListeners = new Set<() => void>()

function setToken(next: Token | null) {
  token = next
  for (const listen of tokenListeners) listen(next?.value ?? null)
}

/** Calls back whenever the token changes (null at sign-out); returns the way to stop. */
export function onTokenChange(listen: (token: string | null) => void): () => void {
  tokenListeners.add(listen)
  return () => tokenListeners.delete(listen)
}

/** Calls back when the session ends, for caches that must forget what they hold. */
export function onSignOut(listen: () => void): () => void {
  signOutListeners.add(listen)
  return () => signOutListeners.delete(listen)
}

function accept(body: TokenBody) {
  remember(true)
  setToken({ value: body.access_token, expiresAt: Date.now() + body.expires_in * 1000 })
}

async function postJson(path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`${window.location.origin}/api/v1${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-CloudOps-Client': 'web',
        ...(token ? { Authorization: `Bearer ${token.value}` } : {}),
      },
      credentials: 'same-origin',
      body: JSON.stringify(body),
    })
  } catch {
    throw unreachable()
  }
}

async function requestRefresh(): Promise<boolean> {
  const response = await postJson('/auth/refresh', {})
  if (response.ok) {
    accept((await response.json()) as TokenBody)
    return true
  }
  if (response.status === 401 || response.status === 403) {
    setToken(null)
    return false
  }
  throw await problemFrom(response)
}

/** One refresh at a time, over all tabs: the cookie's token is good for one use. False when the session is over. */
export function refreshSession(): Promise<boolean> {
  refreshing ??= (
    'locks' in navigator ? navigator.locks.request('cloudops-refresh', requestRefresh) : requestRefresh()
  ).finally(() => {
    refreshing = null
  })
  return refreshing
}

/** A token with some life left, or null when signed out. */
export async function freshToken(): Promise<string | null> {
  if (token && token.expiresAt - Date.now() < RENEW_BEFORE_MS) await refreshSession()
  return token?.value ?? null
}

async function loadMe(): Promise<Me> {
  const response = await fetch(`${window.location.origin}/api/v1/auth/me`, {
    headers: { Authorization: `Bearer ${token?.value ?? ''}` },
  })
  if (!response.ok) throw await problemFrom(response)
  return (await response.json()) as Me
}

/**
 * Takes up the session that the cookie remembers, if there is one; `begun` says that one was just begun elsewhere (an
 * identity provider sent the person back). Throws when the server cannot be reached.
 */
export async function resumeSession(begun = false): Promise<void> {
  if ((begun || mayHaveSession()) && (await refreshSession())) {
    useSession.setState({ status: 'signed-in', me: await loadMe(), ended: null })
  } else {
    useSession.setState({ status: 'signed-out', me: null })
  }
}

/** Reads again who is signed in: a name, a factor or an organization was changed. */
export async function reloadMe(): Promise<void> {
  await freshToken()
  useSession.setState({ me: await loadMe() })
}

/** The ways in. Each answers with tokens. */
type SignInPath = '/auth/login' | '/auth/mfa' | '/auth/passkey' | '/auth/invitations/accept'

/**
 * Begins a session. Throws ApiProblem: `login-failed`, `rate-limited`, or `mfa-required`, whose extensions hold the
 * `mfa_token` and the `methods` to go on with.
 */
export async function signIn(path: SignInPath, proof: object): Promise<void> {
  const response = await postJson(path, { ...proof, client: 'web' })
  if (!response.ok) throw await problemFrom(response)
  if (response.status === 204) return
  accept((await response.json()) as TokenBody)
  useSession.setState({ status: 'signed-in', me: await loadMe(), ended: null, factorDemanded: false })
}

/** Goes over to another organization of the same person: nothing of the old one stays on the page. */
export async function adoptOrganization(body: TokenBody): Promise<void> {
  accept(body)
  for (const listen of signOutListeners) listen()
  useSession.setState({ me: await loadMe(), factorDemanded: false })
}

/** Forgets everything that this page holds of the session. */
export function endSession(ended: SessionState['ended']): void {
  setToken(null)
  remember(false)
  for (const listen of signOutListeners) listen()
  useSession.setState({ status: 'signed-out', me: null, ended, factorDemanded: false })
}

/** Proves again who is there, for actions that ask for it. Throws ApiProblem `login-failed`. */
export async function confirmIdentity(proof: StepUp): Promise<void> {
  const response = await postJson('/auth/step-up', proof)
  if (!response.ok) throw await problemFrom(response)
  accept((await response.json()) as TokenBody)
}

export async function signOut(): Promise<void> {
  const told = postJson('/auth/logout', {}).catch(() => undefined)
  endSession(null)
  // Without an answer it is signed out here all the same, and the server ends the session when it idles out.
  await told
  // The answer clears this site's storage; theme and density are no secret and are kept.
  usePreferences.setState({})
}

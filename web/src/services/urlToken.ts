/**
 * Single-use tokens that a mail's link brings (`#token=`). Behind the hash no server sees them; they are taken out of the
 * address bar before anything is drawn, so that they stay in no history, no bookmark and no screenshot.
 */
const taken = new Map<string, string>()

/** Removes the token from the address, and keeps it in memory for the page at that path. */
export function takeUrlToken(): void {
  const { pathname, search, hash } = window.location
  const parts = new URLSearchParams(hash.slice(1))
  const token = parts.get('token')
  if (token === null) return
  taken.set(pathname, token)
  parts.delete('token')
  const rest = parts.toString()
  window.history.replaceState(window.history.state, '', pathname + search + (rest ? `#${rest}` : ''))
}

/** The token that the link to the present page brought; null when there was none. */
export function urlToken(): string | null {
  takeUrlToken()
  return taken.get(window.location.pathname) ?? null
}

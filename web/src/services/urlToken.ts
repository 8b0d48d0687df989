/**
 * Single-use tokens that a mail's link brings (`?token=`). They are taken out of the address bar before anything is
 * drawn, so that they stay in no history, no bookmark and no screenshot.
 */
const taken = new Map<string, string>()

/** Removes the token from the address, and keeps it in memory for the page at that path. */
export function takeUrlToken(): void {
  const { pathname, search, hash } = window.location
  const query = new URLSearchParams(search)
  const token = query.get('token')
  if (token === null) return
  taken.set(pathname, token)
  query.delete('token')
  const rest = query.toString()
  window.history.replaceState(window.history.state, '', pathname + (rest ? `?${rest}` : '') + hash)
}

/** The token that the link to the present page brought; null when there was none. */
export function urlToken(): string | null {
  takeUrlToken()
  return taken.get(window.location.pathname) ?? null
}

/** Only paths of this app, so that a crafted link cannot send a person elsewhere after signing in. */
export function safePath(path: string | null): string {
  const next = path ?? '/'
  return next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/'
}

import { recordUsage } from '@cloudops/api-client'
import { answerOf } from './http'
import { onSignOut, useSession } from './session'

/**
 * Which pages and features are used. Names of ours only; the server keeps them without saying who, and drops them where
 * the organization switched counting off. Sent in batches, and lost without a word when that fails.
 */
const SEND_AFTER_MS = 15_000
const MOST_AT_ONCE = 100

type Kind = 'page' | 'feature'

const counts = new Map<string, { kind: Kind; name: string; count: number }>()
let timer: ReturnType<typeof setTimeout> | undefined

function send() {
  clearTimeout(timer)
  timer = undefined
  const events = [...counts.values()].slice(0, MOST_AT_ONCE)
  counts.clear()
  if (events.length === 0 || useSession.getState().status !== 'signed-in') return
  answerOf(recordUsage({ body: { events }, keepalive: true })).catch(() => undefined)
}

// What one person did is not sent under the next one's name.
onSignOut(() => counts.clear())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') send()
})

/** Notes one use; `name` is a word of the server's list, such as `costs` or `costs.import`. */
export function countUse(kind: Kind, name: string): void {
  const key = `${kind} ${name}`
  const known = counts.get(key)
  counts.set(key, { kind, name, count: (known?.count ?? 0) + 1 })
  timer ??= setTimeout(send, SEND_AFTER_MS)
}

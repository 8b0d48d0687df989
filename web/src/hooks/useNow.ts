import { useSyncExternalStore } from 'react'

/** One ticker for all relative times on the page. */
const TICK_MS = 15_000
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

function subscribe(listen: () => void) {
  listeners.add(listen)
  now = Date.now()
  timer ??= setInterval(() => {
    now = Date.now()
    for (const notify of listeners) notify()
  }, TICK_MS)
  return () => {
    listeners.delete(listen)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Milliseconds since the epoch, moving every 15 s. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

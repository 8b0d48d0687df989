import { create } from 'zustand'

/** Text for the polite live region. Spoken at most once in this time; what comes faster is summed up. */
export const ANNOUNCE_EVERY_MS = 10_000

export const useAnnouncement = create<{ text: string }>(() => ({ text: '' }))

type Announcer = { announce: (text: string) => void; stop: () => void }

/** `summarize` puts the several texts that came within one interval into a single sentence. */
export function createAnnouncer(summarize: (texts: string[]) => string): Announcer {
  let waiting: string[] = []
  let lastAt = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined

  const speak = () => {
    timer = undefined
    if (waiting.length === 0) return
    lastAt = Date.now()
    useAnnouncement.setState({ text: waiting.length === 1 ? (waiting[0] ?? '') : summarize(waiting) })
    waiting = []
  }
  return {
    announce: (text) => {
      waiting.push(text)
      timer ??= setTimeout(speak, Math.max(0, lastAt + ANNOUNCE_EVERY_MS - Date.now()))
    },
    stop: () => clearTimeout(timer),
  }
}

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ANNOUNCE_EVERY_MS, createAnnouncer, useAnnouncement } from './liveRegion'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('announcements come at most once in ten seconds, the rest summed up', () => {
  const { announce } = createAnnouncer((texts) => `${texts.length} new`)
  const spoken: string[] = []
  useAnnouncement.subscribe(({ text }) => spoken.push(text))
  announce('one')
  vi.advanceTimersByTime(1)
  announce('two')
  announce('three')
  vi.advanceTimersByTime(ANNOUNCE_EVERY_MS - 10)
  expect(spoken).toEqual(['one'])
  vi.advanceTimersByTime(20)
  expect(spoken).toEqual(['one', '2 new'])
})

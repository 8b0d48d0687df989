import { expect, test } from 'vitest'
import { durationText, parseDuration } from './durations'

test.each([
  ['5m', 300],
  ['1h 30m', 5_400],
  ['1H30M', 5_400],
  ['2w', 1_209_600],
  ['0', 0],
  ['0s', 0],
])('%s is %i seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds))

test.each(['', '5', 'm', '5x', '-5m', '1.5h'])('“%s” is no duration', (text) => expect(parseDuration(text)).toBeNull())

test.each([
  [0, '0s'],
  [90, '1m 30s'],
  [604_800, '7d'],
])('%i seconds read %s', (seconds, text) => expect(durationText(seconds)).toBe(text))

test('what is written is read back', () => {
  for (const seconds of [1, 59, 60, 3_661, 86_399, 90_061, 1_000_000]) {
    expect(parseDuration(durationText(seconds))).toBe(seconds)
  }
})

/** Collects values and hands over the distinct ones at most once in `milliseconds`; the first goes at once. */
export function createBatcher<Value>(milliseconds: number, flush: (values: Set<Value>) => void) {
  let waiting = new Set<Value>()
  let lastAt = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  const run = () => {
    timer = undefined
    lastAt = Date.now()
    const values = waiting
    waiting = new Set()
    if (values.size > 0) flush(values)
  }
  return {
    add: (...values: Value[]) => {
      for (const value of values) waiting.add(value)
      timer ??= setTimeout(run, Math.max(0, lastAt + milliseconds - Date.now()))
    },
    stop: () => clearTimeout(timer),
  }
}

import { useCallback, useState } from 'react'

const NONE: ReadonlySet<string> = new Set()

/** Rows picked for something together. */
export function useSelection() {
  const [selected, setSelected] = useState(NONE)
  const toggle = useCallback(
    (id: string) =>
      setSelected((before) => {
        const next = new Set(before)
        if (!next.delete(id)) next.add(id)
        return next
      }),
    [],
  )
  const clear = useCallback(() => setSelected(NONE), [])
  return { selected, toggle, clear }
}

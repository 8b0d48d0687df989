import { type RefObject, useEffect } from 'react'

const CHOSEN = '[aria-selected=true],[aria-checked=true],[aria-current=page]'

/** Moves a strip that has no room for all of its choices so far that the chosen one is in sight. */
export function useChosenInSight(strip: RefObject<HTMLElement>, chosen: string | undefined) {
  useEffect(() => {
    const item = strip.current?.querySelector(CHOSEN)?.getBoundingClientRect()
    const frame = strip.current?.getBoundingClientRect()
    // `chosen` says only when to look.
    if (!item || !frame || chosen === undefined) return
    if (item.left < frame.left) strip.current?.scrollBy({ left: item.left - frame.left })
    else if (item.right > frame.right) strip.current?.scrollBy({ left: item.right - frame.right })
  }, [strip, chosen])
}

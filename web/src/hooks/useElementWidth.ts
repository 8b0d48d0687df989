import { type RefObject, useCallback, useSyncExternalStore } from 'react'

/** An element's inner width in pixels, followed as it changes; 0 before it is drawn. */
export function useElementWidth(element: RefObject<HTMLElement | null>): number {
  const subscribe = useCallback(
    (listen: () => void) => {
      if (!element.current) return () => {}
      const observer = new ResizeObserver(listen)
      observer.observe(element.current)
      return () => observer.disconnect()
    },
    [element],
  )
  return useSyncExternalStore(subscribe, () => element.current?.clientWidth ?? 0)
}

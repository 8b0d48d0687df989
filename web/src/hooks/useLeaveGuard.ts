import { useContext, useEffect, useRef, useState } from 'react'
import { UNSAFE_NavigationContext, useLocation } from 'react-router'

/** React Router numbers the entries of the history, which tells how far a step back or forward went. */
const indexNow = (): number => (window.history.state as { idx?: number } | null)?.idx ?? 0

/**
 * Holds back whatever would leave the page while `active`: links, keys, the back button, closing the tab. Moves within
 * the page (its query) pass. `held` says that a move waits for a word; `go` lets it happen, `stay` forgets it.
 */
export function useLeaveGuard(active: boolean) {
  const { navigator } = useContext(UNSAFE_NavigationContext)
  const { pathname } = useLocation()
  const [move, setMove] = useState<{ run: () => void } | null>(null)
  const isOpen = useRef(false)
  const isReturning = useRef(false)
  const place = useRef(indexNow())
  useEffect(() => {
    place.current = indexNow()
  })

  useEffect(() => {
    if (!active) return
    isOpen.current = false
    const { push, replace } = navigator
    const isElsewhere = (to: Parameters<typeof push>[0]) => {
      const target = typeof to === 'string' ? new URL(to, window.location.href).pathname : to.pathname
      return target !== undefined && target !== pathname
    }
    const guarded = (move: typeof push): typeof push =>
      function guardedMove(...args) {
        if (isOpen.current || !isElsewhere(args[0])) move.apply(navigator, args)
        else setMove({ run: () => move.apply(navigator, args) })
      }
    Object.assign(navigator, { push: guarded(push), replace: guarded(replace) })
    // Before the router hears of it: the address has moved already and is put back.
    const onPop = (event: PopStateEvent) => {
      if (isReturning.current) {
        isReturning.current = false
        event.stopImmediatePropagation()
        return
      }
      if (isOpen.current || window.location.pathname === pathname) return
      const steps = indexNow() - place.current
      event.stopImmediatePropagation()
      isReturning.current = true
      window.history.go(-steps)
      setMove({ run: () => window.history.go(steps) })
    }
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('popstate', onPop, true)
    window.addEventListener('beforeunload', onUnload)
    return () => {
      Object.assign(navigator, { push, replace })
      window.removeEventListener('popstate', onPop, true)
      window.removeEventListener('beforeunload', onUnload)
    }
  }, [active, navigator, pathname])

  return {
    held: move !== null,
    stay: () => setMove(null),
    go: () => {
      isOpen.current = true
      setMove(null)
      move?.run()
    },
    /** The next move passes: what was typed has been saved. */
    release: () => {
      isOpen.current = true
    },
  }
}

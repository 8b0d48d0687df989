import { cloneElement, type FocusEvent, type PointerEvent, type ReactElement, type ReactNode, useEffect } from 'react'
import { createPortal } from 'react-dom'
import { create } from 'zustand'
import { classes } from './classes'
import { Kbd } from './Kbd'

type Side = 'right' | 'bottom'
type Shown = { text: ReactNode; keys?: string; side: Side; anchor: DOMRect }

const WAIT_MS = 350
const GAP = 6

const useShown = create<{ shown: Shown | null }>(() => ({ shown: null }))
let timer: ReturnType<typeof setTimeout> | undefined

function hide() {
  clearTimeout(timer)
  if (useShown.getState().shown) useShown.setState({ shown: null })
}

function showSoon(element: HTMLElement, hint: Omit<Shown, 'anchor'>) {
  clearTimeout(timer)
  timer = setTimeout(() => {
    if (element.isConnected) useShown.setState({ shown: { ...hint, anchor: element.getBoundingClientRect() } })
  }, WAIT_MS)
}

type Trigger = {
  onPointerEnter?: (event: PointerEvent<HTMLElement>) => void
  onFocus?: (event: FocusEvent<HTMLElement>) => void
}
type Props = { text: ReactNode; keys?: string; children: ReactElement<Trigger>; side?: Side }

/**
 * A hint on pointing or keyboard focus. It only repeats or completes what the trigger says by itself (its label, its cut
 * text), so screen readers lose nothing. One layer for the whole page keeps it small.
 */
export function Tooltip({ text, keys, children, side = 'bottom' }: Props) {
  useEffect(() => hide, [])
  const show = (element: HTMLElement) => showSoon(element, { text, keys, side })
  const handlers = {
    onPointerEnter: (event: PointerEvent<HTMLElement>) => {
      children.props.onPointerEnter?.(event)
      if (event.pointerType !== 'touch') show(event.currentTarget)
    },
    onPointerLeave: hide,
    onPointerDown: hide,
    onFocus: (event: FocusEvent<HTMLElement>) => {
      children.props.onFocus?.(event)
      if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget)
    },
    onBlur: hide,
  }
  return cloneElement(children, handlers)
}

/** Draws the tooltip of the moment; once, at the root. */
export function TooltipLayer() {
  const shown = useShown((state) => state.shown)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && hide()
    window.addEventListener('scroll', hide, true)
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('scroll', hide, true)
      window.removeEventListener('keydown', onKey)
    }
  }, [])
  if (!shown) return null
  const { anchor, side } = shown
  const toTheLeft = side === 'bottom' && anchor.left > window.innerWidth / 2
  const above = side === 'bottom' && anchor.bottom > window.innerHeight - 60
  const style =
    side === 'right'
      ? { left: anchor.right + GAP, top: anchor.top + anchor.height / 2 }
      : {
          ...(toTheLeft
            ? { right: Math.max(GAP, window.innerWidth - anchor.right) }
            : { left: Math.max(GAP, anchor.left) }),
          ...(above ? { bottom: window.innerHeight - anchor.top + GAP } : { top: anchor.bottom + GAP }),
        }
  return createPortal(
    <div
      role="tooltip"
      style={style}
      className={classes(
        'enter-fade pointer-events-none fixed z-50 flex max-w-96 items-center gap-2 rounded-control border border-border bg-surface px-2 py-1 text-11 break-all text-text shadow-floating',
        side === 'right' && '-translate-y-1/2',
      )}
    >
      {shown.text}
      {shown.keys && <Kbd keys={shown.keys} />}
    </div>,
    document.body,
  )
}

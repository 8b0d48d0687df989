import { useEffect, useRef } from 'react'
import { create } from 'zustand'
import { usePreferences } from '@/services/preferences'

/**
 * Keys as the shortcut list writes them: `mod+k` (Ctrl or Cmd), a plain key (`j`, `/`, `Escape`, `ArrowDown`), or two in
 * a row (`g d`).
 */
export type Shortcut = {
  keys: string | string[]
  run: (event: KeyboardEvent) => void
  /** Shown in the list of shortcuts; without a label the shortcut is not listed. */
  label?: string
  group?: string
}

type Entry = { current: Shortcut[] }

/** Innermost last: an open dialog's Escape wins over the page's. */
const active: Entry[] = []
export const useShortcutList = create<{ version: number }>(() => ({ version: 0 }))

export const listedShortcuts = (): Shortcut[] => active.flatMap((entry) => entry.current).filter(({ label }) => label)

const SEQUENCE_MS = 1_200
let prefix = ''
let prefixAt = 0

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

function find(keys: string): Shortcut | undefined {
  for (const entry of [...active].reverse()) {
    const match = entry.current.find((shortcut) => [shortcut.keys].flat().includes(keys))
    if (match) return match
  }
  return undefined
}

function isPrefix(key: string): boolean {
  return active.some((entry) => entry.current.some(({ keys }) => [keys].flat().some((k) => k.startsWith(`${key} `))))
}

function handle(event: KeyboardEvent) {
  if (event.defaultPrevented) return
  const modified = event.ctrlKey || event.metaKey
  if (modified || event.altKey) {
    const shortcut = modified && !event.altKey ? find(`mod+${event.key.toLowerCase()}`) : undefined
    if (shortcut) {
      event.preventDefault()
      shortcut.run(event)
    }
    return
  }
  if (isTyping(event.target) && event.key !== 'Escape') return
  // A menu or a modal dialog has the keyboard to itself.
  if (document.querySelector('[role="menu"], [aria-modal="true"]') && event.key !== 'Escape') return
  const named = event.key.length > 1
  if (!named && !usePreferences.getState().singleKeyShortcuts) return

  const sequence = prefix && Date.now() - prefixAt < SEQUENCE_MS ? `${prefix} ${event.key}` : event.key
  prefix = ''
  const shortcut = find(sequence) ?? (sequence === event.key ? undefined : find(event.key))
  if (shortcut) {
    event.preventDefault()
    shortcut.run(event)
  } else if (isPrefix(event.key)) {
    prefix = event.key
    prefixAt = Date.now()
  }
}

/** Registers shortcuts while the component is shown. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const entry = useRef<Shortcut[]>(shortcuts)
  useEffect(() => {
    entry.current = shortcuts
  })
  useEffect(() => {
    if (active.length === 0) document.addEventListener('keydown', handle)
    active.push(entry)
    useShortcutList.setState(({ version }) => ({ version: version + 1 }))
    return () => {
      active.splice(active.indexOf(entry), 1)
      if (active.length === 0) document.removeEventListener('keydown', handle)
      useShortcutList.setState(({ version }) => ({ version: version + 1 }))
    }
  }, [])
}

import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useShortcuts } from './useShortcuts'

type Options = {
  count: number
  /** The row whose panel is open, -1 for none: moving then opens the next one. */
  openIndex: number
  open: (index: number) => void
  toggle: (index: number) => void
  reveal: (index: number) => void
}

/** The row that the keyboard is on, moved with j, k and the arrows. */
export function useRowCursor({ count, openIndex, open, toggle, reveal }: Options) {
  const { t } = useTranslation()
  const [wanted, setCursor] = useState<number | null>(null)
  const cursor = openIndex >= 0 ? openIndex : wanted === null || wanted >= count ? null : wanted

  const move = (step: number) => {
    if (count === 0) return
    const next = cursor === null ? 0 : Math.min(count - 1, Math.max(0, cursor + step))
    setCursor(next)
    reveal(next)
    if (openIndex >= 0) open(next)
  }
  const group = t('shortcut.group.lists')
  useShortcuts([
    { keys: ['j', 'ArrowDown'], run: () => move(1), label: t('shortcut.next'), group },
    { keys: ['k', 'ArrowUp'], run: () => move(-1), label: t('shortcut.previous'), group },
    { keys: 'Enter', run: () => cursor !== null && open(cursor), label: t('shortcut.open'), group },
    { keys: 'x', run: () => cursor !== null && toggle(cursor), label: t('shortcut.select'), group },
  ])
  return { cursor, setCursor }
}

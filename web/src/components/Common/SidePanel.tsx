import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useShortcuts } from '@/hooks/useShortcuts'
import { IconButton } from './Button'

type Props = { title: ReactNode; kicker?: ReactNode; actions?: ReactNode; onClose: () => void; children: ReactNode }

/**
 * Details beside a list, with their own URL. Not modal: the list stays usable. Escape closes, and focus goes back to
 * where it was (the row).
 */
export function SidePanel({ title, kicker, actions, onClose, children }: Props) {
  const { t } = useTranslation()
  const headingId = useId()
  const panel = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const before = document.activeElement
    panel.current?.focus({ preventScroll: true })
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  useShortcuts([{ keys: 'Escape', run: onClose }])

  return (
    <div
      ref={panel}
      role="dialog"
      aria-labelledby={headingId}
      tabIndex={-1}
      className="enter-panel z-30 flex flex-col border-l border-border bg-surface outline-none max-lg:fixed max-lg:inset-y-0 max-lg:right-0 max-lg:w-[min(560px,100vw)] max-lg:shadow-floating lg:w-[clamp(480px,38vw,640px)] lg:shrink-0"
    >
      <header className="border-b border-border px-4 pt-2 pb-3">
        <div className="flex min-h-7 items-center justify-between gap-2">
          <div className="min-w-0 truncate text-muted">{kicker}</div>
          <IconButton icon={X} label={t('action.closePanel')} keys="Escape" onClick={onClose} />
        </div>
        <h2 id={headingId} className="text-15 font-semibold break-words">
          {title}
        </h2>
        {actions && <div className="mt-2 flex flex-wrap gap-2">{actions}</div>}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3 pb-8">{children}</div>
    </div>
  )
}

/** A titled part of a panel or page. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="mb-5">
      <div className="mb-1.5 flex min-h-6 items-center justify-between gap-2">
        <h3 className="text-13 font-semibold">{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** Name and value pairs in two columns. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[minmax(96px,max-content)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

import type { ReactNode } from 'react'
import { classes } from './classes'

export type Tone = 'neutral' | 'ok' | 'warning' | 'bad' | 'busy'

const TONES: Record<Tone, { text: string; mark: string }> = {
  neutral: { text: 'text-muted', mark: '○' },
  ok: { text: 'text-ok', mark: '✓' },
  warning: { text: 'text-medium', mark: '■' },
  bad: { text: 'text-critical', mark: '✕' },
  busy: { text: 'text-accent', mark: '●' },
}

/** A state in a word, with a mark so that colour is never alone. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  const { text, mark } = TONES[tone]
  return (
    <span className={classes('inline-flex items-center gap-1.5 whitespace-nowrap', text)}>
      <span aria-hidden className={classes('w-3 text-center text-11 leading-none', tone === 'busy' && 'animate-pulse')}>
        {mark}
      </span>
      {children}
    </span>
  )
}

/** A small boxed word: a tag, a requirement, a count. */
export function Chip({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span
      title={title}
      className="inline-flex max-w-full items-center rounded-control border border-border bg-surface-2 px-1.5 text-11 leading-4.5 text-muted"
    >
      <span className="truncate">{children}</span>
    </span>
  )
}

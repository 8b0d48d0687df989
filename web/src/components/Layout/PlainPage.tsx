import type { ReactNode } from 'react'
import { classes } from '@/components/Common/classes'
import { usePageTitle } from '@/hooks/usePageTitle'

type Props = { mark: ReactNode; title: string; text?: ReactNode; note?: ReactNode; wide?: boolean; children: ReactNode }

/** A page outside the frame: one card in the middle, for signing in and what mails link to. */
export function PlainPage({ mark, title, text, note, wide, children }: Props) {
  usePageTitle(title)
  return (
    <main className="flex min-h-full items-center justify-center p-4">
      <div className={classes('w-full', wide ? 'max-w-120' : 'max-w-90')}>
        <div className="mb-6 flex items-center gap-3">
          {mark}
          <div className="min-w-0">
            <h1 className="text-18 font-semibold tracking-tight break-words">{title}</h1>
            {text && <p className="text-muted">{text}</p>}
          </div>
        </div>
        {note && <div className="mb-4">{note}</div>}
        <div className="rounded-card border border-border bg-surface p-5">{children}</div>
      </div>
    </main>
  )
}

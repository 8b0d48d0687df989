import { X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnnouncement } from '@/services/liveRegion'
import { dismissToast, TOAST_MS, type Toast, useToasts } from '@/services/toasts'
import { Button, IconButton } from './Button'
import { classes } from './classes'
import { SEVERITY_SHAPES } from './Severity'

const MARKS: Record<Toast['kind'], { mark: string; tone: string } | null> = {
  plain: null,
  ok: { mark: '✓', tone: 'text-ok' },
  error: { mark: '✕', tone: 'text-critical' },
  critical: { mark: SEVERITY_SHAPES.critical, tone: 'text-critical' },
}

/** Short messages in the corner. They wait while pointed at or focused; failures stay until closed. */
export function Toaster() {
  const { t } = useTranslation()
  const toasts = useToasts((state) => state.toasts)
  return (
    <section
      aria-label={t('toast.region')}
      className="pointer-events-none fixed right-4 bottom-10 z-50 flex w-[min(380px,calc(100vw-32px))] flex-col gap-2 max-md:bottom-20"
    >
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </section>
  )
}

function ToastCard({ toast }: { toast: Toast }) {
  const { t } = useTranslation()
  const [held, setHeld] = useState(false)
  const stays = toast.kind === 'error'
  useEffect(() => {
    if (held || stays) return
    const timer = setTimeout(() => dismissToast(toast.id), TOAST_MS)
    return () => clearTimeout(timer)
  }, [held, stays, toast.id])
  const mark = MARKS[toast.kind]
  return (
    <div
      role={toast.kind === 'error' ? 'alert' : 'status'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="enter-pop pointer-events-auto flex items-start gap-2 rounded-card border border-border bg-surface py-2 pr-1.5 pl-3 shadow-floating"
    >
      {mark && (
        <span aria-hidden className={classes('pt-1 text-11 leading-none', mark.tone)}>
          {mark.mark}
        </span>
      )}
      <div className="min-w-0 flex-1 py-0.5">
        <p className="font-medium break-words">{toast.text}</p>
        {toast.detail && <p className="text-muted break-words">{toast.detail}</p>}
      </div>
      {toast.action && (
        <Button
          variant="quiet"
          className="text-accent!"
          onClick={() => {
            toast.action?.run()
            dismissToast(toast.id)
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <IconButton icon={X} label={t('action.dismiss')} onClick={() => dismissToast(toast.id)} />
    </div>
  )
}

/** Where live events are spoken, politely. */
export function LiveRegion() {
  const text = useAnnouncement((state) => state.text)
  return (
    <div aria-live="polite" className="sr-only">
      {text}
    </div>
  )
}

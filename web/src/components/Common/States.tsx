import { CircleAlert, Inbox, ListFilter, Lock, RefreshCw, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { type Permission, rolesWith } from '@/services/permissions'
import { ApiProblem } from '@/services/problem'
import { useSession } from '@/services/session'
import { Button } from './Button'
import { CopyButton } from './Copy'

type FrameProps = { icon: typeof Inbox; title: string; text?: ReactNode; children?: ReactNode; alert?: boolean }

function Frame({ icon: Icon, title, text, children, alert }: FrameProps) {
  return (
    <div
      role={alert ? 'alert' : undefined}
      className="flex min-h-28 flex-col items-center justify-center gap-1 px-4 py-6 text-center"
    >
      <Icon size={20} aria-hidden className="mb-1 text-muted" />
      <p className="font-medium">{title}</p>
      {text && <div className="max-w-md text-muted">{text}</div>}
      {children && <div className="mt-2 flex flex-wrap items-center justify-center gap-2">{children}</div>}
    </div>
  )
}

export type FirstUse = {
  title: string
  text?: string
  action?: ReactNode
  /** Emptiness is the usual case here: one quiet line. */
  quiet?: boolean
}

/** Nothing here yet: says what will be, and offers the one step that makes it happen. */
export function FirstUseState({ title, text, action, quiet }: FirstUse) {
  if (quiet) return <p className="px-3 pb-3 text-muted">{title}</p>
  return (
    <Frame icon={Inbox} title={title} text={text}>
      {action}
    </Frame>
  )
}

export function NoMatchState({ text, onClear }: { text: string; onClear: () => void }) {
  const { t } = useTranslation()
  return (
    <Frame icon={ListFilter} title={text}>
      <Button onClick={onClear}>{t('action.clearFilters')}</Button>
    </Frame>
  )
}

export function ErrorState({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation()
  const requestId = error instanceof ApiProblem ? error.requestId : null
  return (
    <Frame
      alert
      icon={CircleAlert}
      title={describe(error, t('error.unexpected'))}
      text={
        requestId && (
          <span className="inline-flex items-center gap-1 text-11">
            {t('error.requestId', { id: requestId })}
            <CopyButton text={requestId} label={t('error.copyRequestId')} />
          </span>
        )
      }
    >
      <Button icon={RefreshCw} onClick={onRetry}>
        {t('action.tryAgain')}
      </Button>
    </Frame>
  )
}

export function describe(error: Error, fallback: string): string {
  if (!(error instanceof ApiProblem)) return fallback
  return error.detail ?? error.title
}

/** Names the permission, who holds it and who can grant it. */
export function NoPermissionState({ permission }: { permission: Permission }) {
  const { t } = useTranslation()
  const me = useSession((session) => session.me)
  const roles = rolesWith(permission).map((role) => t(`role.${role}` as 'role.owner'))
  return (
    <Frame
      icon={Lock}
      title={t('permission.title')}
      text={t('permission.text', {
        role: me ? t(`role.${me.role}` as 'role.owner', { defaultValue: me.role }) : '',
        permission,
        roles: new Intl.ListFormat('en', { type: 'disjunction' }).format(roles),
        organization: me?.organization.name ?? '',
      })}
    />
  )
}

/** A state in a card too small for more. */
export function CompactState({ text, onRetry }: { text: string; onRetry?: () => void }) {
  const { t } = useTranslation()
  return (
    <div role={onRetry ? 'alert' : undefined} className="flex min-h-24 flex-col items-start justify-center gap-1.5 p-3">
      <p className="flex gap-2 text-muted">
        <CircleAlert size={15} aria-hidden className="mt-0.5 shrink-0" />
        {text}
      </p>
      {onRetry && (
        <Button icon={RefreshCw} onClick={onRetry}>
          {t('action.tryAgain')}
        </Button>
      )}
    </div>
  )
}

/** A strip above data that is old or incomplete; the data stays in sight. */
export function Strip({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-control border border-border bg-surface-2 px-3 py-1.5"
    >
      <TriangleAlert size={14} aria-hidden className="shrink-0 text-medium" />
      <span className="min-w-0 flex-1">{children}</span>
      {action}
    </div>
  )
}

import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useDelayed } from '@/hooks/useDelayed'
import { type Permission, useCan } from '@/services/permissions'
import { ApiProblem } from '@/services/problem'
import { Button } from './Button'
import {
  CompactState,
  describe,
  ErrorState,
  type FirstUse,
  FirstUseState,
  NoMatchState,
  NoPermissionState,
  Strip,
} from './States'

const SKELETON_AFTER_MS = 200

export type QueryLike<Data> = {
  data: Data | undefined
  error: Error | null
  isFetching: boolean
  refetch: () => unknown
}

type Props<Data> = {
  query: QueryLike<Data>
  permission: Permission
  /** In the shape of what will be there. */
  skeleton: ReactNode
  isEmpty?: (data: Data) => boolean
  firstUse?: FirstUse
  /** Given while filters are on: emptiness is then theirs. */
  noMatch?: { text: string; onClear: () => void } | null
  /** What to say above data that is partial or stale. */
  partial?: (data: Data) => ReactNode
  /** For small cards: states in two lines. */
  compact?: boolean
  /** Put around every state but the data, which brings its own frame. */
  frame?: (state: ReactNode) => ReactNode
  children: (data: Data) => ReactNode
}

/** Draws one of a data view's states: loading, empty, empty by filter, failed, stale or partial, not permitted, or data. */
export function QueryState<Data>(props: Props<Data>) {
  const {
    query,
    permission,
    skeleton,
    isEmpty,
    firstUse,
    noMatch,
    partial,
    compact,
    children,
    frame = (state: ReactNode) => state,
  } = props
  const { t } = useTranslation()
  const allowed = useCan(permission)
  const { data, error } = query
  const showSkeleton = useDelayed(allowed && data === undefined && !error, SKELETON_AFTER_MS)

  if (!allowed || (error instanceof ApiProblem && error.status === 403)) {
    return frame(
      compact ? <CompactState text={t('permission.title')} /> : <NoPermissionState permission={permission} />,
    )
  }
  if (data === undefined) {
    const retry = () => void query.refetch()
    if (error && compact) return frame(<CompactState text={describe(error, t('error.unexpected'))} onRetry={retry} />)
    if (error) return frame(<ErrorState error={error} onRetry={retry} />)
    return frame(
      <div role="status" aria-busy="true" className={showSkeleton ? undefined : 'invisible'}>
        <span className="sr-only">{t('state.loading')}</span>
        {skeleton}
      </div>,
    )
  }
  if (isEmpty?.(data)) {
    if (noMatch) return frame(<NoMatchState {...noMatch} />)
    if (firstUse) return frame(<FirstUseState {...firstUse} />)
  }
  const note = partial?.(data)
  return (
    <>
      {error && (
        <Strip
          action={
            <Button variant="quiet" onClick={() => void query.refetch()} busy={query.isFetching}>
              {t('action.tryAgain')}
            </Button>
          }
        >
          {t('state.notRefreshed', { reason: error.message })}
        </Strip>
      )}
      {note && <Strip>{note}</Strip>}
      {children(data)}
    </>
  )
}

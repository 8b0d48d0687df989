import { Suspense, useEffect, useState } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { ErrorState } from '@/components/Common/States'
import { Logo } from '@/components/Layout/Logo'
import { safePath } from '@/services/safePath'
import { resumeSession, useSession } from '@/services/session'

const SIGN_IN = '/sign-in'
const COMPLETE = '/sign-in/complete'
/** For those who are not signed in; whoever is, goes on to where they were headed. */
const WAYS_IN = [SIGN_IN, COMPLETE, '/forgot-password']
/** Reached by a mail's link, signed in or not. */
const OPEN_TO_ALL = ['/reset-password', '/verify-email', '/invitation']

function returnPath(search: string): string {
  const query = new URLSearchParams(search)
  return safePath(query.get('next') ?? query.get('return_to'))
}

/** Takes up the remembered session first; then pages for those signed in, the sign-in page for the others. */
export function SessionGate() {
  const status = useSession((session) => session.status)
  const [failure, setFailure] = useState<Error | null>(null)
  const [attempt, setAttempt] = useState(0)
  const location = useLocation()

  useEffect(() => {
    let current = true
    resumeSession(window.location.pathname === COMPLETE).catch((error: unknown) => {
      if (current) setFailure(error instanceof Error ? error : new Error(String(error)))
    })
    return () => {
      current = false
    }
  }, [attempt])

  if (status === 'starting') {
    return (
      <main className="flex h-full flex-col items-center justify-center">
        {failure ? (
          <ErrorState
            error={failure}
            onRetry={() => {
              setFailure(null)
              setAttempt(attempt + 1)
            }}
          />
        ) : (
          <Logo size={40} />
        )}
      </main>
    )
  }
  const isWayIn = WAYS_IN.includes(location.pathname)
  if (status === 'signed-out' && !isWayIn && !OPEN_TO_ALL.includes(location.pathname)) {
    const next = location.pathname + location.search
    return <Navigate replace to={next === '/' ? SIGN_IN : `${SIGN_IN}?next=${encodeURIComponent(next)}`} />
  }
  if (status === 'signed-in' && isWayIn) return <Navigate replace to={returnPath(location.search)} />
  return (
    <Suspense>
      <Outlet />
    </Suspense>
  )
}

import { Suspense, useEffect, useState } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { ErrorState } from '@/components/Common/States'
import { Logo } from '@/components/Layout/Logo'
import { resumeSession, useSession } from '@/services/session'

const SIGN_IN = '/sign-in'

/** Only paths of this app, so that a crafted link cannot send a person elsewhere after signing in. */
function returnPath(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  return next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') ? next : '/'
}

/** Takes up the remembered session first; then pages for those signed in, the sign-in page for the others. */
export function SessionGate() {
  const status = useSession((session) => session.status)
  const [failure, setFailure] = useState<Error | null>(null)
  const [attempt, setAttempt] = useState(0)
  const location = useLocation()

  useEffect(() => {
    let current = true
    resumeSession().catch((error: unknown) => {
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
  const isSignIn = location.pathname === SIGN_IN
  if (status === 'signed-out' && !isSignIn) {
    const next = location.pathname + location.search
    return <Navigate replace to={next === '/' ? SIGN_IN : `${SIGN_IN}?next=${encodeURIComponent(next)}`} />
  }
  if (status === 'signed-in' && isSignIn) return <Navigate replace to={returnPath(location.search)} />
  return (
    <Suspense>
      <Outlet />
    </Suspense>
  )
}

import { lazy, Suspense, useState } from 'react'
import { UserTrigger } from './UserTrigger'

const UserMenu = lazy(() => import('./UserMenu'))

/** The user menu, loaded when it is first opened. */
export function UserButton({ folded }: { folded: boolean }) {
  const [wanted, setWanted] = useState(false)
  const trigger = <UserTrigger folded={folded} onClick={() => setWanted(true)} />
  if (!wanted) return trigger
  return (
    <Suspense fallback={trigger}>
      <UserMenu folded={folded} />
    </Suspense>
  )
}

import { useEffect, useState } from 'react'

/** True once `active` has held for `milliseconds`; false again at once. */
export function useDelayed(active: boolean, milliseconds: number): boolean {
  const [due, setDue] = useState(false)
  useEffect(() => {
    if (!active) return
    const timer = setTimeout(() => setDue(true), milliseconds)
    return () => {
      clearTimeout(timer)
      setDue(false)
    }
  }, [active, milliseconds])
  return active && due
}

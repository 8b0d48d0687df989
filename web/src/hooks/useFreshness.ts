import { useIsFetching, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'

/** How old what the page shows is (its oldest part), and the way to ask again. */
export function useFreshness() {
  const queryClient = useQueryClient()
  const isFetching = useIsFetching() > 0
  const [updatedAt, setUpdatedAt] = useState<number | null>(null)

  useEffect(() => {
    const cache = queryClient.getQueryCache()
    let scheduled: ReturnType<typeof setTimeout> | undefined
    const read = () => {
      scheduled = undefined
      const times = cache
        .getAll()
        .filter((query) => query.isActive() && query.state.dataUpdatedAt > 0)
        .map((query) => query.state.dataUpdatedAt)
      setUpdatedAt(times.length > 0 ? Math.min(...times) : null)
    }
    // Cache events come in bursts while a page mounts.
    const stop = cache.subscribe(() => {
      scheduled ??= setTimeout(read, 100)
    })
    read()
    return () => {
      clearTimeout(scheduled)
      stop()
    }
  }, [queryClient])

  const refresh = useCallback(() => void queryClient.refetchQueries({ type: 'active' }), [queryClient])
  return { updatedAt, isFetching, refresh }
}

import { useEffect } from 'react'
import { countUse } from '@/services/usage'

/** Counts the page that is open, by its own name alone: never an id, a filter or a person's word. */
export function useUsageEvents(page: string | undefined): void {
  useEffect(() => {
    if (page) countUse('page', page)
  }, [page])
}

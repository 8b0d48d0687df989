import { useCallback } from 'react'
import { useSearchParams } from 'react-router'

const CARRIED = ['account', 'range']

/** Makes links that keep the account and the time range picked in the header. */
export function useScopedLink() {
  const [search] = useSearchParams()
  const carried = CARRIED.map((name) => [name, search.get(name)] as const)
  const key = JSON.stringify(carried)
  return useCallback(
    (path: string, query: Record<string, string | null | undefined> = {}) => {
      const parameters = new URLSearchParams()
      for (const [name, value] of [...(JSON.parse(key) as [string, string | null][]), ...Object.entries(query)]) {
        if (value) parameters.set(name, value)
      }
      const text = parameters.toString()
      return text ? `${path}?${text}` : path
    },
    [key],
  )
}

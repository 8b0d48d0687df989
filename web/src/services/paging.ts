import type { InfiniteData } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import type { Page } from '@/types/api'

/** Rows asked for at once by lists that load on as one scrolls. */
export const PAGE_ROWS = 200

/** For infinite queries over our keyset pages. */
export const keysetPages = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: Page<unknown>) => page.next_cursor ?? null,
}

type InfiniteQuery<Item> = {
  data: InfiniteData<Page<Item>> | undefined
  error: Error | null
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
}

/** The rows loaded so far, the total where the server told one, and the way to the next page. */
export function useRows<Item>(query: InfiniteQuery<Item>) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const rows = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  const total = data?.pages[0]?.total ?? (data && !hasNextPage ? rows.length : null)
  return useMemo(
    () => ({
      rows,
      total,
      loadMore: () => {
        if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
      },
    }),
    [rows, total, hasNextPage, isFetchingNextPage, fetchNextPage],
  )
}

/** All rows, page after page, for lists that are short enough to be put into an order of their own. */
export function useAllRows<Item>(query: InfiniteQuery<Item>): Item[] {
  const { rows, loadMore } = useRows(query)
  const { error } = query
  useEffect(() => {
    if (!error) loadMore()
  }, [error, loadMore])
  return rows
}

import { MutationCache, QueryClient } from '@tanstack/react-query'
import { i18n } from './i18n'
import { ApiProblem } from './problem'
import { toast } from './toasts'

const RETRIES = 2

/** Only what may pass by itself is tried again: no answer, overload, a dependency that is down. */
export function mayRetry(failures: number, error: Error): boolean {
  if (!(error instanceof ApiProblem)) return false
  return failures < RETRIES && (error.status === 0 || error.status === 429 || error.status === 503)
}

declare module '@tanstack/react-query' {
  interface Register {
    /** `quiet`: the form or dialog shows the failure itself, no toast is wanted. */
    mutationMeta: { quiet?: boolean }
  }
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 30_000, retry: mayRetry, refetchOnWindowFocus: true, gcTime: 10 * 60_000 },
      mutations: { retry: false },
    },
    mutationCache: new MutationCache({
      onError: (error, _variables, _result, mutation) => {
        if (mutation.meta?.quiet) return
        const requestId = error instanceof ApiProblem ? error.requestId : null
        toast({
          kind: 'error',
          text: error.message,
          detail: requestId ? i18n.t('error.requestId', { id: requestId }) : undefined,
        })
      },
    }),
  })
}

import { endOtherSessions, endSession, listSessions } from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

const sessionsKey = ['identity', 'sessions'] as const

export const sessionsQuery = () =>
  queryOptions({ queryKey: sessionsKey, queryFn: ({ signal }) => answerOf(listSessions({ signal })) })

function useRenewSessions() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: sessionsKey })
}

export function useEndSession() {
  return useMutation({
    mutationFn: (id: string) => answerOf(endSession({ path: { session_id: id } })),
    onSuccess: useRenewSessions(),
  })
}

export function useEndOtherSessions() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(endOtherSessions()),
    onSuccess: useRenewSessions(),
  })
}

import { changePassword, endSession, listSessions, type PasswordUpdate } from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export const identityKeys = { sessions: () => ['identity', 'sessions'] as const }

export const sessionsQuery = () =>
  queryOptions({
    queryKey: identityKeys.sessions(),
    queryFn: ({ signal }) => answerOf(listSessions({ signal })),
  })

export function useEndSession() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(endSession({ path: { session_id: id } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: identityKeys.sessions() }),
  })
}

export function useChangePassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PasswordUpdate) => answerOf(changePassword({ body: { ...body, end_other_sessions: true } })),
  })
}

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { http } from '@/services/http'
import type { Page, Session } from '@/types/api'

export const identityKeys = { sessions: () => ['identity', 'sessions'] as const }

export const sessionsQuery = () =>
  queryOptions({
    queryKey: identityKeys.sessions(),
    queryFn: ({ signal }) => http.get<Page<Session>>('/auth/sessions', { signal }),
  })

export function useEndSession() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => http.delete(`/auth/sessions/${id}`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: identityKeys.sessions() }),
  })
}

type PasswordChange = { current_password: string; new_password: string }

export function useChangePassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PasswordChange) => http.post<undefined>('/auth/password', { ...body, end_other_sessions: true }),
  })
}

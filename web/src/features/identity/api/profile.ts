import { changeEmail, changePassword, type PasswordUpdate, requestEmailVerification } from '@cloudops/api-client'
import { useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export function useChangePassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PasswordUpdate) => answerOf(changePassword({ body: { ...body, end_other_sessions: true } })),
  })
}

export function useChangeEmail() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (email: string) => answerOf(changeEmail({ body: { email } })),
  })
}

export function useSendVerification() {
  return useMutation({ mutationFn: () => answerOf(requestEmailVerification()) })
}

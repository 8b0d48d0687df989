import {
  changeEmail,
  changePassword,
  type PasswordUpdate,
  requestEmailVerification,
  updateProfile,
} from '@cloudops/api-client'
import { useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { reloadMe } from '@/services/session'

export function useChangePassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PasswordUpdate) => answerOf(changePassword({ body })),
    // A first password has an end that is shown until another is chosen.
    onSuccess: () => void reloadMe().catch(() => undefined),
  })
}

export function useRenameSelf() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (name: string) => answerOf(updateProfile({ body: { name } })),
    onSuccess: () => void reloadMe().catch(() => undefined),
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

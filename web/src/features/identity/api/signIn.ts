import {
  listSignInMethods,
  type PasswordReset,
  reportLostFactors,
  requestPasswordReset,
  resetPassword,
  startMfaPasskey,
  startPasskeySignIn,
  startStepUpPasskey,
  verifyEmail,
} from '@cloudops/api-client'
import { useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export function useSignInMethods() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (email: string) => answerOf(listSignInMethods({ query: { email } })),
  })
}

/** What the browser needs to ask for a passkey, with the ticket that its answer goes back with. */
export const requestPasskeyOptions = () => answerOf(startPasskeySignIn({ body: {} }))

export const requestFactorPasskeyOptions = (mfaToken: string) =>
  answerOf(startMfaPasskey({ body: { mfa_token: mfaToken } }))

export const requestStepUpPasskeyOptions = () => answerOf(startStepUpPasskey())

export function useReportLostFactor() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (mfaToken: string) => answerOf(reportLostFactors({ body: { mfa_token: mfaToken } })),
  })
}

export function useForgotPassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (email: string) => answerOf(requestPasswordReset({ body: { email } })),
  })
}

export function useResetPassword() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PasswordReset) => answerOf(resetPassword({ body })),
  })
}

export function useVerifyEmail() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (token: string) => answerOf(verifyEmail({ body: { token } })),
  })
}

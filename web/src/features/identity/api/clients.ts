import {
  type Authorize,
  authorizeClient,
  type DeviceApprove,
  decideDeviceSignIn,
  readDeviceSignIn,
} from '@cloudops/api-client'
import { useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export function useAuthorizeClient() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: Authorize) => answerOf(authorizeClient({ body })),
  })
}

export function useReadDevice() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (userCode: string) => answerOf(readDeviceSignIn({ body: { user_code: userCode } })),
  })
}

export function useAnswerDevice() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: DeviceApprove) => answerOf(decideDeviceSignIn({ body })),
  })
}

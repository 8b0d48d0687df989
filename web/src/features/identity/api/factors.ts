import {
  addPasskey,
  confirmTotp,
  listFactors,
  makeRecoveryCodes,
  removeFactor,
  renameFactor,
  startPasskey,
  startTotp,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { reloadMe } from '@/services/session'
import { createPasskey, isDeclined } from '../passkeys'

const factorsKey = ['identity', 'factors'] as const

export const factorsQuery = () =>
  queryOptions({ queryKey: factorsKey, queryFn: ({ signal }) => answerOf(listFactors({ signal })) })

/** The frame's banner goes by the session, so that is read again as well. */
function useRenewFactors() {
  const queryClient = useQueryClient()
  return () => {
    void queryClient.invalidateQueries({ queryKey: factorsKey })
    reloadMe().catch(() => undefined)
  }
}

export function useAddTotp() {
  return useMutation({ meta: { quiet: true }, mutationFn: (name: string) => answerOf(startTotp({ body: { name } })) })
}

export function useConfirmTotp() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, otp, endOthers }: { id: string; otp: string; endOthers: boolean }) =>
      answerOf(confirmTotp({ path: { factor_id: id }, body: { otp, end_other_sessions: endOthers } })),
    onSuccess: useRenewFactors(),
  })
}

/** Null when the person closed the browser's dialog. */
export function useAddPasskey() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: async ({ name, endOthers }: { name: string; endOthers: boolean }) => {
      const { ticket, public_key } = await answerOf(startPasskey())
      try {
        const credential = await createPasskey(public_key)
        return await answerOf(addPasskey({ body: { ticket, name, credential, end_other_sessions: endOthers } }))
      } catch (error) {
        if (isDeclined(error)) return null
        throw error
      }
    },
    onSuccess: useRenewFactors(),
  })
}

export function useRenameFactor() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      answerOf(renameFactor({ path: { factor_id: id }, body: { name } })),
    onSuccess: useRenewFactors(),
  })
}

export function useRemoveFactor() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, endOthers }: { id: string; endOthers: boolean }) =>
      answerOf(removeFactor({ path: { factor_id: id }, query: { end_other_sessions: endOthers } })),
    onSuccess: useRenewFactors(),
  })
}

export function useRenewRecoveryCodes() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(makeRecoveryCodes()),
    onSuccess: useRenewFactors(),
  })
}

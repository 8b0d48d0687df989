import { approveFactorReset, listFactorResets, refuseFactorReset } from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

const resetsKey = ['factor-resets'] as const

export const factorResetsQuery = () =>
  queryOptions({ queryKey: resetsKey, queryFn: ({ signal }) => answerOf(listFactorResets({ signal })) })

function useRenewResets() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: resetsKey })
}

export function useApproveFactorReset() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(approveFactorReset({ path: { reset_id: id } })),
    onSuccess: useRenewResets(),
  })
}

export function useRefuseFactorReset() {
  return useMutation({
    mutationFn: (id: string) => answerOf(refuseFactorReset({ path: { reset_id: id } })),
    onSuccess: useRenewResets(),
  })
}

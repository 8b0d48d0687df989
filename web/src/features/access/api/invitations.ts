import {
  createInvitation,
  type InvitationCreate,
  listInvitations,
  resendInvitation,
  revokeInvitation,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

const invitationsKey = ['invitations'] as const

export const invitationsQuery = () =>
  queryOptions({ queryKey: invitationsKey, queryFn: ({ signal }) => answerOf(listInvitations({ signal })) })

function useRenewInvitations() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: invitationsKey })
}

export function useInvite() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: InvitationCreate) => answerOf(createInvitation({ body })),
    onSuccess: useRenewInvitations(),
  })
}

export function useResendInvitation() {
  return useMutation({
    mutationFn: (id: string) => answerOf(resendInvitation({ path: { invitation_id: id } })),
    onSuccess: useRenewInvitations(),
  })
}

export function useRevokeInvitation() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(revokeInvitation({ path: { invitation_id: id } })),
    onSuccess: useRenewInvitations(),
  })
}

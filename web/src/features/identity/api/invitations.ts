import { acceptInvitation, previewInvitation } from '@cloudops/api-client'
import { queryOptions, useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

/** Reading does not use the token up. */
export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token] as const,
    queryFn: ({ signal }) => answerOf(previewInvitation({ body: { token }, signal })),
    retry: false,
  })

/** For somebody who is signed in: the organization is added to those they have. */
export function useJoinOrganization() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (token: string) => answerOf(acceptInvitation({ body: { token } })),
  })
}

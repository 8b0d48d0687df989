import { linkIdentityProvider, listOwnIdentities } from '@cloudops/api-client'
import { queryOptions, useMutation } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export const identitiesQuery = () =>
  queryOptions({
    queryKey: ['identity', 'identities'] as const,
    queryFn: ({ signal }) => answerOf(listOwnIdentities({ signal })),
  })

/** Gives the address at the provider where the browser has to go; it comes back to `returnTo`. */
export function useLinkProvider(returnTo: string) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) =>
      answerOf(linkIdentityProvider({ path: { provider_id: id }, query: { return_to: returnTo } })),
    onSuccess: ({ start_url }) => window.location.assign(start_url),
  })
}

import {
  type ApiKeyCreate,
  createApiKey,
  createServiceIdentity,
  deleteServiceIdentity,
  listApiKeys,
  listServiceIdentities,
  revokeApiKey,
  type ServiceIdentityCreate,
  type ServiceIdentityUpdate,
  updateServiceIdentity,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

const keysKey = ['api-keys'] as const
const identitiesKey = ['service-identities'] as const

export const apiKeysQuery = () =>
  queryOptions({
    queryKey: keysKey,
    queryFn: ({ signal }) => answerOf(listApiKeys({ signal })),
  })

export const serviceIdentitiesQuery = () =>
  queryOptions({
    queryKey: identitiesKey,
    queryFn: ({ signal }) => answerOf(listServiceIdentities({ signal })),
  })

/** A machine counts its keys, so both lists belong together. */
function useRenewKeys() {
  const queryClient = useQueryClient()
  return () => {
    void queryClient.invalidateQueries({ queryKey: keysKey })
    void queryClient.invalidateQueries({ queryKey: identitiesKey })
  }
}

export function useCreateApiKey() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: ApiKeyCreate) => answerOf(createApiKey({ body })),
    onSuccess: useRenewKeys(),
  })
}

export function useRevokeApiKey() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(revokeApiKey({ path: { api_key_id: id } })),
    onSuccess: useRenewKeys(),
  })
}

export function useCreateServiceIdentity() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: ServiceIdentityCreate) => answerOf(createServiceIdentity({ body })),
    onSuccess: useRenewKeys(),
  })
}

export function useUpdateServiceIdentity() {
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: ServiceIdentityUpdate }) =>
      answerOf(updateServiceIdentity({ path: { service_identity_id: id }, body })),
    onSuccess: useRenewKeys(),
  })
}

export function useRemoveServiceIdentity() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(deleteServiceIdentity({ path: { service_identity_id: id } })),
    onSuccess: useRenewKeys(),
  })
}

import {
  addIdentityProviderDomain,
  createIdentityProvider,
  deleteIdentityProvider,
  type GroupMappingBody,
  type IdentityProviderCreateWritable,
  type IdentityProviderUpdateWritable,
  issueScimToken,
  listIdentityProviders,
  readIdentityProvider,
  removeIdentityProviderDomain,
  setIdentityProviderGroups,
  testIdentityProvider,
  updateIdentityProvider,
  verifyIdentityProviderDomain,
  withdrawScimToken,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export const providerKeys = {
  all: ['identity-providers'] as const,
  list: () => [...providerKeys.all, 'list'] as const,
  detail: (id: string) => [...providerKeys.all, 'detail', id] as const,
}

export const providersQuery = () =>
  queryOptions({
    queryKey: providerKeys.list(),
    queryFn: ({ signal }) => answerOf(listIdentityProviders({ signal })),
  })

export const providerQuery = (id: string) =>
  queryOptions({
    queryKey: providerKeys.detail(id),
    queryFn: ({ signal }) => answerOf(readIdentityProvider({ path: { provider_id: id }, signal })),
  })

function useRenewProviders() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: providerKeys.all })
}

export function useCreateProvider() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: IdentityProviderCreateWritable) => answerOf(createIdentityProvider({ body })),
    onSuccess: useRenewProviders(),
  })
}

export function useUpdateProvider() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, body }: { id: string; body: IdentityProviderUpdateWritable }) =>
      answerOf(updateIdentityProvider({ path: { provider_id: id }, body })),
    onSuccess: useRenewProviders(),
  })
}

export function useRemoveProvider() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(deleteIdentityProvider({ path: { provider_id: id } })),
    onSuccess: useRenewProviders(),
  })
}

export function useTestProvider() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(testIdentityProvider({ path: { provider_id: id } })),
  })
}

type DomainOf = { id: string; domain: string }

export function useAddDomain() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, domain }: DomainOf) =>
      answerOf(addIdentityProviderDomain({ path: { provider_id: id }, body: { domain } })),
    onSuccess: useRenewProviders(),
  })
}

export function useVerifyDomain() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, domain }: DomainOf) =>
      answerOf(verifyIdentityProviderDomain({ path: { provider_id: id, domain } })),
    onSuccess: useRenewProviders(),
  })
}

export function useRemoveDomain() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, domain }: DomainOf) =>
      answerOf(removeIdentityProviderDomain({ path: { provider_id: id, domain } })),
    onSuccess: useRenewProviders(),
  })
}

export function useReplaceMappings() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, mappings }: { id: string; mappings: GroupMappingBody[] }) =>
      answerOf(setIdentityProviderGroups({ path: { provider_id: id }, body: { group_mappings: mappings } })),
    onSuccess: useRenewProviders(),
  })
}

export function useCreateScimToken() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(issueScimToken({ path: { provider_id: id } })),
    onSuccess: useRenewProviders(),
  })
}

export function useWithdrawScimToken() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(withdrawScimToken({ path: { provider_id: id } })),
    onSuccess: useRenewProviders(),
  })
}

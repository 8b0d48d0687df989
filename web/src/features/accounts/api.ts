import { infiniteQueryOptions, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { http } from '@/services/http'
import { keysetPages } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Account, AccountCreate, ConnectionTest, ExternalId, Page, SyncUnit } from '@/types/api'

export const accountKeys = {
  all: ['accounts'] as const,
  list: () => [...accountKeys.all, 'list'] as const,
  detail: (id: string) => [...accountKeys.all, 'detail', id] as const,
  units: (id: string) => [...accountKeys.all, 'units', id] as const,
}

const MOST_ACCOUNTS = 500

export const accountsQuery = () =>
  queryOptions({
    queryKey: accountKeys.list(),
    queryFn: ({ signal }) => http.get<Page<Account>>('/accounts', { query: { limit: MOST_ACCOUNTS }, signal }),
    staleTime: 60_000,
  })

export const accountQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.detail(id),
    queryFn: ({ signal }) => http.get<Account>(`/accounts/${id}`, { signal }),
  })

const UNITS_A_PAGE = 500

export const accountUnitsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: accountKeys.units(id),
    queryFn: ({ pageParam, signal }) =>
      http.get<Page<SyncUnit>>(`/accounts/${id}/units`, { query: { limit: UNITS_A_PAGE, cursor: pageParam }, signal }),
    ...keysetPages,
  })

/** Names of accounts by our id and by the cloud's own number. */
export function useAccountNames() {
  const { data } = useQuery({ ...accountsQuery(), enabled: useCan('accounts:read') })
  const accounts = data?.items
  const byId = useCallback(
    (id: string) => accounts?.find((account) => account.id === id)?.name ?? id.slice(0, 8),
    [accounts],
  )
  const byNativeId = useCallback(
    (nativeId: string) => {
      const name = accounts?.find((account) => account.native_account_id === nativeId)?.name
      return name ? `${name} (${nativeId})` : nativeId
    },
    [accounts],
  )
  const nativeIdOf = useCallback(
    (id: string | null) => accounts?.find((account) => account.id === id)?.native_account_id ?? null,
    [accounts],
  )
  return { accounts, byId, byNativeId, nativeIdOf }
}

export function useTestConnection() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: AccountCreate) => http.post<ConnectionTest>('/accounts/test', body),
  })
}

export function useTestAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => http.post<ConnectionTest>(`/accounts/${id}/test`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

export function useConnectAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: AccountCreate) => http.post<Account>('/accounts', body, { idempotencyKey: crypto.randomUUID() }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

export function useCreateExternalId() {
  return useMutation({ mutationFn: () => http.post<ExternalId>('/accounts/aws/external-id') })
}

export function useSyncAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => http.post<{ job_id: string }>(`/accounts/${id}/sync`),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: accountKeys.all })
      void queryClient.invalidateQueries({ queryKey: ['jobs'] })
    },
  })
}

export function useRemoveAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => http.delete(`/accounts/${id}`),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

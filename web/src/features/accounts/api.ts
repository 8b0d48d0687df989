import {
  type AwsAccountCreateWritable,
  connectAccount,
  createExternalId,
  getAccount,
  listAccounts,
  listAccountUnits,
  removeAccount,
  syncAccount,
  testAccount,
  testNewAccount,
} from '@cloudops/api-client'
import { infiniteQueryOptions, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { answerOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import { useCan } from '@/services/permissions'

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
    queryFn: ({ signal }) => answerOf(listAccounts({ query: { limit: MOST_ACCOUNTS }, signal })),
    staleTime: 60_000,
  })

export const accountQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.detail(id),
    queryFn: ({ signal }) => answerOf(getAccount({ path: { account_id: id }, signal })),
  })

const UNITS_A_PAGE = 500

export const accountUnitsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: accountKeys.units(id),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listAccountUnits({
          path: { account_id: id },
          query: { limit: UNITS_A_PAGE, cursor: pageParam ?? undefined },
          signal,
        }),
      ),
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
    mutationFn: (body: AwsAccountCreateWritable) => answerOf(testNewAccount({ body })),
  })
}

export function useTestAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(testAccount({ path: { account_id: id } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

export function useConnectAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: AwsAccountCreateWritable) => answerOf(connectAccount({ body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

export function useCreateExternalId() {
  return useMutation({ mutationFn: () => answerOf(createExternalId()) })
}

export function useSyncAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(syncAccount({ path: { account_id: id } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: accountKeys.all })
      void queryClient.invalidateQueries({ queryKey: ['jobs'] })
    },
  })
}

export function useRemoveAccount() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(removeAccount({ path: { account_id: id } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

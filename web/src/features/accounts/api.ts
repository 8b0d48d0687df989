import {
  connectAccount,
  createExternalId,
  getAccount,
  getAccountCoverage,
  getAccountEvents,
  getAccountGrant,
  getAccountSchedule,
  listAccounts,
  listAccountUnits,
  removeAccount,
  removeAccountEvents,
  retryAccountUnit,
  setAccountEvents,
  setAccountSchedule,
  syncAccount,
  testAccount,
  testNewAccount,
  updateAccount,
} from '@cloudops/api-client'
import { infiniteQueryOptions, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { answerOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Account, EventSettings, ScheduleUpdate } from '@/types/api'
import type { AccountBody, AccountChange } from './connectRules'

export const accountKeys = {
  all: ['accounts'] as const,
  list: () => [...accountKeys.all, 'list'] as const,
  detail: (id: string) => [...accountKeys.all, 'detail', id] as const,
  units: (id: string) => [...accountKeys.all, 'units', id] as const,
  coverage: (id: string) => [...accountKeys.all, 'coverage', id] as const,
  grant: (id: string) => [...accountKeys.all, 'grant', id] as const,
  schedule: (id: string) => [...accountKeys.all, 'schedule', id] as const,
  events: (id: string) => [...accountKeys.all, 'events', id] as const,
}

const ACCOUNTS_A_PAGE = 500
/** An organization of 10,000 accounts; what comes after is not listed. */
const MOST_PAGES = 20

export const accountsQuery = () =>
  queryOptions({
    queryKey: accountKeys.list(),
    queryFn: async ({ signal }) => {
      const items: Account[] = []
      let cursor: string | null | undefined
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        const page = await answerOf(listAccounts({ query: { limit: ACCOUNTS_A_PAGE, cursor }, signal }))
        items.push(...page.items)
        cursor = page.next_cursor
        if (!cursor) break
      }
      return { items }
    },
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

export const accountCoverageQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.coverage(id),
    queryFn: ({ signal }) => answerOf(getAccountCoverage({ path: { account_id: id }, signal })),
  })

export const accountGrantQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.grant(id),
    queryFn: ({ signal }) => answerOf(getAccountGrant({ path: { account_id: id }, signal })),
  })

export const accountScheduleQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.schedule(id),
    queryFn: ({ signal }) => answerOf(getAccountSchedule({ path: { account_id: id }, signal })),
  })

/** How the account's cloud tells of changes; null where that is not set up. */
export const accountEventsQuery = (id: string) =>
  queryOptions({
    queryKey: accountKeys.events(id),
    queryFn: ({ signal }) => answerOf(getAccountEvents({ path: { account_id: id }, signal })),
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
    mutationFn: (body: AccountBody) => answerOf(testNewAccount({ body })),
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
    mutationFn: (body: AccountBody) => answerOf(connectAccount({ body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.all }),
  })
}

export function useUpdateAccount(accountId: string) {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: AccountChange) => answerOf(updateAccount({ path: { account_id: accountId }, body })),
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

export function useRetryUnit(accountId: string) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (unitId: string) => answerOf(retryAccountUnit({ path: { account_id: accountId, unit_id: unitId } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: accountKeys.all })
      void queryClient.invalidateQueries({ queryKey: ['jobs'] })
    },
  })
}

export function useSetSchedule(accountId: string) {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: ScheduleUpdate) => answerOf(setAccountSchedule({ path: { account_id: accountId }, body })),
    onSuccess: (schedule) => {
      queryClient.setQueryData(accountScheduleQuery(accountId).queryKey, schedule)
      void queryClient.invalidateQueries({ queryKey: accountKeys.detail(accountId) })
    },
  })
}

export function useSetEvents(accountId: string) {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: EventSettings) => answerOf(setAccountEvents({ path: { account_id: accountId }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.events(accountId) }),
  })
}

export function useRemoveEvents(accountId: string) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => answerOf(removeAccountEvents({ path: { account_id: accountId } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accountKeys.events(accountId) }),
  })
}

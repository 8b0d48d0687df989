import {
  endMemberSessions,
  listMemberSessions,
  listMembers,
  type MemberUpdate,
  readMember,
  removeMember,
  updateMember,
} from '@cloudops/api-client'
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import { roleKeys } from './roles'

export const memberKeys = {
  all: ['members'] as const,
  list: () => [...memberKeys.all, 'list'] as const,
  detail: (id: string) => [...memberKeys.all, 'detail', id] as const,
  sessions: (id: string) => [...memberKeys.all, 'sessions', id] as const,
}

export const membersQuery = () =>
  infiniteQueryOptions({
    queryKey: memberKeys.list(),
    queryFn: ({ pageParam, signal }) =>
      answerOf(listMembers({ query: { limit: PAGE_ROWS, cursor: pageParam ?? undefined }, signal })),
    ...keysetPages,
  })

export const memberQuery = (id: string) =>
  queryOptions({
    queryKey: memberKeys.detail(id),
    queryFn: ({ signal }) => answerOf(readMember({ path: { user_id: id }, signal })),
  })

export const memberSessionsQuery = (id: string) =>
  queryOptions({
    queryKey: memberKeys.sessions(id),
    queryFn: ({ signal }) => answerOf(listMemberSessions({ path: { user_id: id }, signal })),
  })

function useRenewMembers() {
  const queryClient = useQueryClient()
  return () => {
    void queryClient.invalidateQueries({ queryKey: memberKeys.all })
    void queryClient.invalidateQueries({ queryKey: roleKeys.all })
  }
}

export function useUpdateMember() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, body }: { id: string; body: MemberUpdate }) =>
      answerOf(updateMember({ path: { user_id: id }, body })),
    onSuccess: useRenewMembers(),
  })
}

export function useRemoveMember() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(removeMember({ path: { user_id: id } })),
    onSuccess: useRenewMembers(),
  })
}

export function useEndMemberSessions() {
  return useMutation({
    mutationFn: (id: string) => answerOf(endMemberSessions({ path: { user_id: id } })),
    onSuccess: useRenewMembers(),
  })
}

import {
  createRole,
  deleteRole,
  listPermissions,
  listRoles,
  type RoleCreate,
  type RoleUpdate,
  updateRole,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'

export const roleKeys = {
  all: ['roles'] as const,
  list: () => [...roleKeys.all, 'list'] as const,
}

export const rolesQuery = () =>
  queryOptions({ queryKey: roleKeys.list(), queryFn: ({ signal }) => answerOf(listRoles({ signal })) })

const FOR_LONG_MS = 10 * 60_000

export const permissionsQuery = () =>
  queryOptions({
    queryKey: ['permissions'] as const,
    queryFn: ({ signal }) => answerOf(listPermissions({ signal })),
    staleTime: FOR_LONG_MS,
  })

function useRenewRoles() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: roleKeys.all })
}

export function useCreateRole() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: RoleCreate) => answerOf(createRole({ body })),
    onSuccess: useRenewRoles(),
  })
}

export function useUpdateRole() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, body }: { id: string; body: RoleUpdate }) =>
      answerOf(updateRole({ path: { role_id: id }, body })),
    onSuccess: useRenewRoles(),
  })
}

export function useRemoveRole() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(deleteRole({ path: { role_id: id } })),
    onSuccess: useRenewRoles(),
  })
}

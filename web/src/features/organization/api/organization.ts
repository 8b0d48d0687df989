import {
  createOrganization,
  deleteOrganization,
  downloadOrganizationExport,
  leaveOrganization,
  listOrganizationExports,
  listOrganizations,
  type PolicyUpdate,
  type RetentionUpdate,
  readDeletion,
  readOrganization,
  readPolicy,
  readRetention,
  replacePolicy,
  replaceRetention,
  restoreOrganization,
  startOrganizationExport,
  switchOrganization,
  transferOwnership,
  updateOrganization,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { adoptOrganization, reloadMe } from '@/services/session'

export const organizationKeys = {
  all: ['organization'] as const,
  mine: () => [...organizationKeys.all, 'mine'] as const,
  current: () => [...organizationKeys.all, 'current'] as const,
  policy: () => [...organizationKeys.all, 'policy'] as const,
  retention: () => [...organizationKeys.all, 'retention'] as const,
  deletion: () => [...organizationKeys.all, 'deletion'] as const,
  exports: () => [...organizationKeys.all, 'exports'] as const,
}

export const myOrganizationsQuery = () =>
  queryOptions({
    queryKey: organizationKeys.mine(),
    queryFn: ({ signal }) => answerOf(listOrganizations({ signal })),
    staleTime: 60_000,
  })

export const organizationQuery = () =>
  queryOptions({
    queryKey: organizationKeys.current(),
    queryFn: ({ signal }) => answerOf(readOrganization({ signal })),
  })

export const policyQuery = () =>
  queryOptions({ queryKey: organizationKeys.policy(), queryFn: ({ signal }) => answerOf(readPolicy({ signal })) })

export const retentionQuery = () =>
  queryOptions({ queryKey: organizationKeys.retention(), queryFn: ({ signal }) => answerOf(readRetention({ signal })) })

export const deletionQuery = () =>
  queryOptions({ queryKey: organizationKeys.deletion(), queryFn: ({ signal }) => answerOf(readDeletion({ signal })) })

const EXPORT_POLL_MS = 5_000

export const exportsQuery = () =>
  queryOptions({
    queryKey: organizationKeys.exports(),
    queryFn: ({ signal }) => answerOf(listOrganizationExports({ signal })),
    refetchInterval: ({ state }) =>
      state.data?.some((item) => item.state === 'queued' || item.state === 'running') ? EXPORT_POLL_MS : false,
  })

function useRenew() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: organizationKeys.all })
}

/** Goes over to another organization; what was cached belongs to the old one and is dropped. */
export function useSwitchOrganization() {
  return useMutation({
    mutationFn: async (id: string) =>
      adoptOrganization(await answerOf(switchOrganization({ body: { organization_id: id } }))),
  })
}

export function useCreateOrganization() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (name: string) => answerOf(createOrganization({ body: { name } })),
    onSuccess: useRenew(),
  })
}

export function useRenameOrganization() {
  const renew = useRenew()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (name: string) => answerOf(updateOrganization({ body: { name } })),
    onSuccess: async () => {
      await reloadMe()
      await renew()
    },
  })
}

export function useReplacePolicy() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: PolicyUpdate) => answerOf(replacePolicy({ body })),
    onSuccess: (policy) => {
      queryClient.setQueryData(organizationKeys.policy(), policy)
      void reloadMe()
    },
  })
}

export function useReplaceRetention() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: RetentionUpdate) => answerOf(replaceRetention({ body })),
    onSuccess: useRenew(),
  })
}

export function useLeaveOrganization() {
  return useMutation({ meta: { quiet: true }, mutationFn: () => answerOf(leaveOrganization()) })
}

export function useTransferOwnership() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (userId: string) => answerOf(transferOwnership({ body: { user_id: userId } })),
    onSuccess: () => reloadMe(),
  })
}

export function useDeleteOrganization() {
  const renew = useRenew()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (name: string) => answerOf(deleteOrganization({ body: { name } })),
    onSuccess: async () => {
      await reloadMe()
      await renew()
    },
  })
}

export function useRestoreOrganization() {
  const renew = useRenew()
  return useMutation({
    meta: { quiet: true },
    mutationFn: () => answerOf(restoreOrganization()),
    onSuccess: async () => {
      await reloadMe()
      await renew()
    },
  })
}

export function useStartExport() {
  return useMutation({ mutationFn: () => answerOf(startOrganizationExport()), onSuccess: useRenew() })
}

export function useDownloadExport() {
  return useMutation({
    mutationFn: (id: string) =>
      answerOf(downloadOrganizationExport({ path: { export_id: id }, parseAs: 'blob' })) as Promise<Blob>,
  })
}

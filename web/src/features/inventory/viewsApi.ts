import {
  createResourceView,
  deleteResourceView,
  downloadResourceExport,
  listResourceExports,
  listResourceViews,
  type ResourceViewCreate,
  startResourceExport,
} from '@cloudops/api-client'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { saveFile } from '@/components/Common/download'
import { answerOf } from '@/services/http'
import { useCan } from '@/services/permissions'
import type { ResourceExport } from '@/types/api'
import { filterQuery, type ResourceFilter } from './api'

const viewKey = ['resource-views'] as const
const exportKey = ['resource-exports'] as const

const viewsQuery = () =>
  queryOptions({ queryKey: viewKey, queryFn: ({ signal }) => answerOf(listResourceViews({ signal })) })

export const useViews = () => useQuery({ ...viewsQuery(), enabled: useCan('inventory:read') })

export function useSaveView() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: ResourceViewCreate) => answerOf(createResourceView({ body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: viewKey }),
  })
}

export function useRemoveView() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf(deleteResourceView({ path: { view_id: id } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: viewKey }),
  })
}

export type ExportFormat = ResourceExport['format']

const isUnderWay = ({ state }: ResourceExport) => state === 'queued' || state === 'running'
const LOOK_AGAIN_MS = 1_500

/** The newest exports, looked at again while one is being written. */
export const exportsQuery = () =>
  queryOptions({
    queryKey: exportKey,
    queryFn: ({ signal }) => answerOf(listResourceExports({ signal })),
    refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? LOOK_AGAIN_MS : false),
  })

export function useStartExport() {
  const queryClient = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ format, filter }: { format: ExportFormat; filter: ResourceFilter }) => {
      const { search, at, stale, ...filters } = filterQuery(filter)
      return answerOf(
        startResourceExport({ body: { format, search, at, filters: { ...filters, ...(stale ? { stale } : {}) } } }),
      )
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: exportKey }),
  })
}

export function useDownloadExport() {
  return useMutation({
    mutationFn: async ({ id, format, created_at }: ResourceExport) =>
      saveFile(
        `resources-${created_at.slice(0, 10)}.${format}`,
        (await answerOf(downloadResourceExport({ path: { export_id: id }, parseAs: 'blob' }))) as Blob,
      ),
  })
}

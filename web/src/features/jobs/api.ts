import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { http } from '@/services/http'
import { keysetPages } from '@/services/paging'
import type { Job, JobState, Page } from '@/types/api'

export type JobFilter = { state: JobState[] }

export const jobKeys = {
  all: ['jobs'] as const,
  list: (filter: JobFilter) => [...jobKeys.all, 'list', filter] as const,
  detail: (id: string) => [...jobKeys.all, 'detail', id] as const,
}

const RUNNING_POLL_MS = 2_000

export const isActive = ({ state }: Pick<Job, 'state'>): boolean => state === 'queued' || state === 'running'

export const jobsQuery = (filter: JobFilter) =>
  infiniteQueryOptions({
    queryKey: jobKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      http.get<Page<Job>>('/jobs', { query: { ...filter, limit: 100, cursor: pageParam }, signal }),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  })

/** Live events tell of progress; the poll covers for them while the job runs. */
export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: jobKeys.detail(id),
    queryFn: ({ signal }) => http.get<Job>(`/jobs/${id}`, { signal }),
    refetchInterval: ({ state }) => (state.data && !isActive(state.data) ? false : RUNNING_POLL_MS),
  })

function useJobAction(action: 'cancel' | 'replay') {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => http.post<unknown>(`/jobs/${id}/${action}`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: jobKeys.all }),
  })
}

export const useCancelJob = () => useJobAction('cancel')
export const useReplayJob = () => useJobAction('replay')

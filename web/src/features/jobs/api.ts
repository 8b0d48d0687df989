import { cancelJobById, getJob, listJobs, replayJob } from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import type { Job, JobState } from '@/types/api'

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
      answerOf(
        listJobs({ query: { state: listOf(filter.state), limit: 100, cursor: pageParam ?? undefined }, signal }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  })

/** Live events tell of progress; the poll covers for them while the job runs. */
export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: jobKeys.detail(id),
    queryFn: ({ signal }) => answerOf(getJob({ path: { job_id: id }, signal })),
    refetchInterval: ({ state }) => (state.data && !isActive(state.data) ? false : RUNNING_POLL_MS),
  })

function useJobAction(act: typeof cancelJobById | typeof replayJob) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => answerOf<unknown>(act({ path: { job_id: id } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: jobKeys.all }),
  })
}

export const useCancelJob = () => useJobAction(cancelJobById)
export const useReplayJob = () => useJobAction(replayJob)

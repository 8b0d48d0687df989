import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { http } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type { ComplianceSummary, Control, Finding, FindingStatus, Page, Severity, Standard } from '@/types/api'

export type FindingFilter = {
  status: FindingStatus[]
  severity: Severity[]
  control_id: string
  account_id: string | null
  q: string
}

export const complianceKeys = {
  all: ['compliance'] as const,
  summary: () => [...complianceKeys.all, 'summary'] as const,
  standards: () => [...complianceKeys.all, 'standards'] as const,
  controls: () => [...complianceKeys.all, 'controls'] as const,
  findings: (filter: FindingFilter) => [...complianceKeys.all, 'findings', filter] as const,
  ofResource: (id: string) => [...complianceKeys.all, 'of-resource', id] as const,
  finding: (id: string) => [...complianceKeys.all, 'finding', id] as const,
}

export const complianceSummaryQuery = () =>
  queryOptions({
    queryKey: complianceKeys.summary(),
    queryFn: ({ signal }) => http.get<ComplianceSummary>('/compliance/summary', { signal }),
  })

export const standardsQuery = () =>
  queryOptions({
    queryKey: complianceKeys.standards(),
    queryFn: ({ signal }) => http.get<Page<Standard>>('/compliance/standards', { signal }),
  })

export const controlsQuery = () =>
  queryOptions({
    queryKey: complianceKeys.controls(),
    queryFn: ({ signal }) => http.get<Page<Control>>('/compliance/controls', { signal }),
  })

export const findingsQuery = (filter: FindingFilter) =>
  infiniteQueryOptions({
    queryKey: complianceKeys.findings(filter),
    queryFn: ({ pageParam, signal }) =>
      http.get<Page<Finding>>('/compliance/issues', {
        query: { ...filter, limit: PAGE_ROWS, cursor: pageParam },
        signal,
      }),
    ...keysetPages,
    placeholderData: keepPreviousData,
  })

export const resourceFindingsQuery = (id: string) =>
  queryOptions({
    queryKey: complianceKeys.ofResource(id),
    queryFn: ({ signal }) =>
      http.get<Page<Finding>>('/compliance/issues', { query: { resource_id: id, status: 'open', limit: 100 }, signal }),
  })

export const findingQuery = (id: string) =>
  queryOptions({
    queryKey: complianceKeys.finding(id),
    queryFn: ({ signal }) => http.get<Finding>(`/compliance/issues/${id}`, { signal }),
  })

/** Evaluates one account, or all of them, anew. */
export function useEvaluate() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (accountId: string | null) =>
      http.post<{ job_id: string }>('/compliance/evaluate', accountId ? { account_id: accountId } : {}),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['jobs'] }),
  })
}

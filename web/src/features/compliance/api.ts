import {
  evaluateCompliance,
  listControls,
  listIssues,
  listStandards,
  readComplianceSummary,
  readIssue,
} from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf, listOf } from '@/services/http'
import { keysetPages, PAGE_ROWS } from '@/services/paging'
import type { FindingStatus, Severity } from '@/types/api'

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
    queryFn: ({ signal }) => answerOf(readComplianceSummary({ signal })),
  })

export const standardsQuery = () =>
  queryOptions({
    queryKey: complianceKeys.standards(),
    queryFn: ({ signal }) => answerOf(listStandards({ signal })),
  })

export const controlsQuery = () =>
  queryOptions({
    queryKey: complianceKeys.controls(),
    queryFn: ({ signal }) => answerOf(listControls({ signal })),
  })

export const findingsQuery = (filter: FindingFilter) =>
  infiniteQueryOptions({
    queryKey: complianceKeys.findings(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listIssues({
          query: {
            status: listOf(filter.status),
            severity: listOf(filter.severity),
            control_id: filter.control_id || undefined,
            account_id: filter.account_id ?? undefined,
            q: filter.q || undefined,
            limit: PAGE_ROWS,
            cursor: pageParam ?? undefined,
          },
          signal,
        }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
  })

export const resourceFindingsQuery = (id: string) =>
  queryOptions({
    queryKey: complianceKeys.ofResource(id),
    queryFn: ({ signal }) => answerOf(listIssues({ query: { resource_id: id, status: 'open', limit: 100 }, signal })),
  })

export const findingQuery = (id: string) =>
  queryOptions({
    queryKey: complianceKeys.finding(id),
    queryFn: ({ signal }) => answerOf(readIssue({ path: { issue_id: id }, signal })),
  })

/** Evaluates one account, or all of them, anew. */
export function useEvaluate() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (accountId: string | null) => answerOf(evaluateCompliance({ body: { account_id: accountId } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['jobs'] }),
  })
}

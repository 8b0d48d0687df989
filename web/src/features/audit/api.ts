import {
  type AuditSinkCreateWritable,
  type AuditSinkUpdateWritable,
  createAuditSink,
  exportAuditLog,
  listAuditEvents,
  listAuditSinks,
  removeAuditSink,
  renewAuditSinkSecret,
  sendAuditSinkTest,
  updateAuditSink,
  verifyAuditLog,
} from '@cloudops/api-client'
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { keysetPages } from '@/services/paging'
import type { AuditFilter } from './rules'

export const auditKeys = {
  all: ['audit'] as const,
  list: (filter: AuditFilter) => [...auditKeys.all, 'list', filter] as const,
  sinks: () => [...auditKeys.all, 'sinks'] as const,
}

const ROWS_A_PAGE = 100

/** The filter as the API wants it; what is empty is left out. */
const queryOf = ({ outcome, actor_id, action, subject_type, subject_id, from, to, q }: AuditFilter) => ({
  outcome: outcome ?? undefined,
  actor_id: actor_id ?? undefined,
  action: action ?? undefined,
  subject_type: subject_type ?? undefined,
  subject_id: subject_id ?? undefined,
  from: from ? `${from}T00:00:00Z` : undefined,
  to: to ? `${to}T00:00:00Z` : undefined,
  q: q || undefined,
})

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: auditKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        listAuditEvents({ query: { ...queryOf(filter), limit: ROWS_A_PAGE, cursor: pageParam ?? undefined }, signal }),
      ),
    ...keysetPages,
    placeholderData: keepPreviousData,
  })

export const auditSinksQuery = () =>
  queryOptions({ queryKey: auditKeys.sinks(), queryFn: ({ signal }) => answerOf(listAuditSinks({ signal })) })

export type ExportFormat = 'csv' | 'jsonl'

export function useExportAudit() {
  return useMutation({
    mutationFn: ({ filter, format }: { filter: AuditFilter; format: ExportFormat }) =>
      answerOf(exportAuditLog({ query: { ...queryOf(filter), format }, parseAs: 'blob' })) as Promise<Blob>,
  })
}

export function useVerifyAudit() {
  return useMutation({ meta: { quiet: true }, mutationFn: () => answerOf(verifyAuditLog({ body: {} })) })
}

function useRenewSinks() {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: auditKeys.sinks() })
}

export function useCreateSink() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: AuditSinkCreateWritable) => answerOf(createAuditSink({ body })),
    onSuccess: useRenewSinks(),
  })
}

export function useUpdateSink() {
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: AuditSinkUpdateWritable }) =>
      answerOf(updateAuditSink({ path: { sink_id: id }, body })),
    onSuccess: useRenewSinks(),
  })
}

export function useRemoveSink() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(removeAuditSink({ path: { sink_id: id } })),
    onSuccess: useRenewSinks(),
  })
}

export function useTestSink() {
  return useMutation({
    mutationFn: (id: string) => answerOf(sendAuditSinkTest({ path: { sink_id: id } })),
    onSuccess: useRenewSinks(),
  })
}

export function useRenewSinkSecret() {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => answerOf(renewAuditSinkSecret({ path: { sink_id: id } })),
    onSuccess: useRenewSinks(),
  })
}

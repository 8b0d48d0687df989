import { listAuditEvents } from '@cloudops/api-client'
import { queryOptions } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { ruleKeys } from './rules'

const SHOWN = 20

/** The audit log's entries about one rule, newest first. */
export const ruleHistoryQuery = (id: string) =>
  queryOptions({
    queryKey: [...ruleKeys.detail(id), 'history'],
    queryFn: ({ signal }) => answerOf(listAuditEvents({ query: { subject_id: id, limit: SHOWN }, signal })),
  })

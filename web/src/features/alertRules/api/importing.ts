import { importAlertRules, type RuleImport } from '@cloudops/api-client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { answerOf } from '@/services/http'
import { ruleKeys } from './rules'

export type ImportOrder = Required<Pick<RuleImport, 'name' | 'content'>> & { source_id: string | null }

/** What would become of each rule of a file; nothing is stored. */
export const useTryImport = () =>
  useMutation({
    mutationFn: (order: ImportOrder) => answerOf(importAlertRules({ body: { ...order, dry_run: true } })),
  })

export function useImport() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (order: ImportOrder) => answerOf(importAlertRules({ body: order })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ruleKeys.all }),
  })
}

import { useCallback, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { typeName } from '@/services/typeName'
import type { TopologyAnswer } from '@/types/api'
import { groupValue, nodeLabel } from '../rules/graph'

/** Names of groups, also of opened ones: those are no longer in the answer, so names once seen are kept. */
export function useGroupNames(answer: TopologyAnswer, by: string, accountName: (id: string) => string) {
  const { t } = useTranslation()
  const seen = useRef(new Map<string, string>())
  return useCallback(
    (id: string) => {
      for (const node of answer.nodes) {
        if (node.kind === 'group') seen.current.set(node.id, nodeLabel(node))
      }
      const known = seen.current.get(id)
      if (known) return known
      const value = groupValue(id, by)
      if (by === 'account') return accountName(value)
      if (by === 'type') return typeName(value)
      // The network's own name was on its closed card only.
      if (by === 'vpc') return answer.nodes.find(({ id: nodeId }) => nodeId === value)?.label ?? t('map.groupBy.vpc')
      return value
    },
    [answer, by, accountName, t],
  )
}

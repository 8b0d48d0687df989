import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/services/format'
import { typeName } from '@/services/typeName'
import type { MapNode } from '../rules/graph'

/** "Encrypts with", and "Uses ×12" between groups. */
export function useEdgeName() {
  const { t } = useTranslation()
  return useCallback(
    ({ kind, count }: { kind: string; count: number }) => {
      const name = typeName(kind)
      return count > 1 ? t('map.edgeCount', { name, shown: formatNumber(count) }) : name
    },
    [t],
  )
}

/** What a node is, in words: its type, or that it is outside of the inventory. */
export function useKindName() {
  const { t } = useTranslation()
  return useCallback(
    ({ kind, type }: Pick<MapNode, 'kind' | 'type'>) =>
      kind === 'external' ? t('map.external') : type ? typeName(type) : '',
    [t],
  )
}

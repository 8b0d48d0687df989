import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PickOption } from '@/components/Common/Combobox'
import { useCan } from '@/services/permissions'
import { typeName } from '@/services/typeName'
import type { Resource } from '@/types/api'
import { nameQuery, startQuery } from '../api'

export type NamedAccount = { id: string; name: string; provider: string }

export const NETWORK = 'network.vpc'
const LEAST_LETTERS = 2

const optionOf = ({ id, name, native_id, type, region }: Resource): PickOption => ({
  id,
  label: name || native_id,
  detail: [typeName(type), region].filter(Boolean).join(' · '),
})

/** What a map can start from: resources and networks by search, accounts by name. */
export function useStarts(accounts: NamedAccount[]) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const mayRead = useCan('inventory:read')
  const isAsking = text.trim().length >= LEAST_LETTERS
  const found = useQuery({ ...startQuery(text.trim()), enabled: mayRead && isAsking })
  const networks = useQuery({ ...startQuery(isAsking ? text.trim() : '', NETWORK), enabled: mayRead })
  const optionIn = (kind: 'resource' | 'network', group: string) => (resource: Resource) => ({
    ...optionOf(resource),
    id: `${kind}:${resource.id}`,
    group,
  })
  const wanted = text.trim().toLowerCase()
  const options: PickOption[] = [
    ...(isAsking ? (found.data?.items ?? []) : []).map(optionIn('resource', t('page.resources'))),
    ...(networks.data?.items ?? []).map(optionIn('network', t('map.networks'))),
    ...accounts
      .filter(({ name }) => !wanted || name.toLowerCase().includes(wanted))
      .slice(0, 8)
      .map(
        ({ id, name, provider }): PickOption => ({
          id: `account:${id}`,
          label: name,
          detail: provider,
          group: t('page.accounts'),
        }),
      ),
  ]
  const isFailed = found.isError || networks.isError
  return { options, isSearching: found.isFetching, isFailed, search: setText }
}

/** Resources alone, for the ends of a path. */
export function useResourceOptions() {
  const [text, setText] = useState('')
  const enabled = useCan('inventory:read') && text.trim().length >= LEAST_LETTERS
  const found = useQuery({ ...startQuery(text.trim()), enabled })
  const options = (enabled ? (found.data?.items ?? []) : []).map(optionOf)
  return { options, isSearching: found.isFetching, isFailed: found.isError, search: setText }
}

/** The name of a resource that only its id is known of. */
export function useResourceName(id: string | null): string | undefined {
  const { data } = useQuery({ ...nameQuery(id ?? ''), enabled: useCan('inventory:read') && id !== null })
  return id === null ? undefined : data ? data.name || data.native_id : undefined
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { parseAsInteger, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Chip } from '@/components/Common/Badge'
import { Provider } from '@/components/Common/Provider'
import { QueryState } from '@/components/Common/QueryState'
import { Select } from '@/components/Common/Select'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import { typeName } from '@/services/typeName'
import type { ExposedResource } from '@/types/api'
import { exposedQuery } from '../api'
import type { MapView } from '../hooks/useMapView'
import { portName } from '../rules/ports'

type Props = { view: MapView; accountName: (id: string) => string }

/** Ports that are asked about most. */
const PORTS = [22, 80, 443, 1433, 3306, 3389, 5432, 6379, 8080, 9200, 27_017]
const KINDS = ['reached', 'unknown'] as const

/** What the internet reaches, or of which that cannot be told; each leads to its chain of evidence. */
export function ExposedList({ view, accountName }: Props) {
  const { t } = useTranslation()
  const [{ port, known }, set] = useQueryStates({
    port: parseAsInteger,
    known: parseAsStringLiteral(KINDS).withDefault('reached'),
  })
  const query = useInfiniteQuery({
    ...exposedQuery({ accountId: view.accountId, port, unknown: known === 'unknown' }),
    enabled: useCan('topology:read'),
  })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns(accountName)
  const isFiltered = port !== null || known === 'unknown'
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <Select
          hideLabel
          label={t('exposure.which')}
          value={known}
          options={KINDS.map((value) => ({ value, label: t(`exposure.known.${value}`) }))}
          onChange={(value) => void set({ known: KINDS.find((kind) => kind === value) ?? null })}
        />
        <Select
          label={t('exposure.port')}
          value={port === null ? '' : String(port)}
          options={[
            { value: '', label: t('exposure.anyPort') },
            ...[...new Set([...PORTS, ...(port === null ? [] : [port])])].map((value) => ({
              value: String(value),
              label: String(value),
            })),
          ]}
          onChange={(value) => void set({ port: value === '' ? null : Number(value) })}
        />
      </div>
      <QueryState
        query={query}
        permission="topology:read"
        skeleton={<SkeletonRows rows={8} />}
        isEmpty={() => rows.length === 0}
        firstUse={{ title: t('exposure.noneTitle'), text: t('exposure.noneText') }}
        noMatch={
          isFiltered ? { text: t('exposure.noMatch'), onClear: () => void set({ port: null, known: null }) } : null
        }
      >
        {() => (
          <VirtualTable
            label={t('map.mode.exposed')}
            rows={rows}
            columns={columns}
            total={total}
            rowId={(row) => row.resource_id}
            rowName={nameOf}
            narrowRow={(row) => (
              <div className="flex flex-col gap-0.5">
                <span className="truncate font-medium">{nameOf(row)}</span>
                <span className="truncate text-13 text-muted">{row.summary || row.unknown[0]}</span>
              </div>
            )}
            openId={view.id}
            onOpen={(id) => void view.set({ id }, { history: view.id ? 'replace' : 'push' })}
            onEndReached={loadMore}
          />
        )}
      </QueryState>
    </>
  )
}

const nameOf = ({ name, native_id }: ExposedResource): string => name || native_id

function useColumns(accountName: (id: string) => string): Column<ExposedResource>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('resource.name'),
        track: 'minmax(160px, 1.6fr)',
        cell: (row) => (
          <span className="font-medium" title={row.native_id}>
            {nameOf(row)}
          </span>
        ),
      },
      {
        id: 'type',
        drop: 2,
        header: t('resource.type'),
        track: 'minmax(110px, 1fr)',
        cell: (row) => typeName(row.type),
      },
      {
        id: 'provider',
        drop: 4,
        header: t('resource.provider'),
        track: '128px',
        cell: (row) => <Provider provider={row.provider} />,
      },
      {
        id: 'account',
        drop: 3,
        header: t('resource.account'),
        track: 'minmax(100px, 0.8fr)',
        cell: (row) => accountName(row.account_id),
      },
      {
        id: 'how',
        header: t('exposure.how'),
        track: 'minmax(180px, 3fr)',
        cell: (row) => {
          const text = row.exposed ? row.summary : row.unknown.join('; ')
          return <span title={text}>{text}</span>
        },
      },
      {
        id: 'ports',
        drop: 1,
        header: t('exposure.ports'),
        track: 'minmax(100px, 1fr)',
        cell: (row) => (
          <span className="inline-flex gap-1" title={row.ports.map(portName).join(', ')}>
            {row.ports.slice(0, 3).map((port) => (
              <Chip key={portName(port)}>{portName(port)}</Chip>
            ))}
            {row.ports.length > 3 && <span className="text-muted">+{row.ports.length - 3}</span>}
          </span>
        ),
      },
      {
        id: 'since',
        drop: 5,
        header: t('exposure.since'),
        track: '104px',
        align: 'end',
        cell: (row) => <Time at={row.since} className="text-muted" />,
      },
    ],
    [t, accountName],
  )
}

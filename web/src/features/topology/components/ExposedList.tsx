import { useInfiniteQuery } from '@tanstack/react-query'
import { parseAsInteger, parseAsStringLiteral, useQueryStates } from 'nuqs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Chip } from '@/components/Common/Badge'
import { Select } from '@/components/Common/Select'
import type { Column } from '@/components/Common/VirtualTable'
import { useCan } from '@/services/permissions'
import type { ExposedResource } from '@/types/api'
import { exposedQuery } from '../api'
import { portName } from '../rules/ports'
import { AnswerList, type AnswerListProps } from './AnswerList'

/** Ports that are asked about most. */
const PORTS = [22, 80, 443, 1433, 3306, 3389, 5432, 6379, 8080, 9200, 27_017]
const KINDS = ['reached', 'unknown'] as const
const MOST_PORTS = 3

const reasonOf = ({ exposed, summary, unknown }: ExposedResource): string => (exposed ? summary : unknown.join('; '))

/** What the internet reaches, or of which that cannot be told; each leads to its chain of evidence. */
export function ExposedList({ view, accountName }: AnswerListProps) {
  const { t } = useTranslation()
  const [{ port, known }, set] = useQueryStates({
    port: parseAsInteger,
    known: parseAsStringLiteral(KINDS).withDefault('reached'),
  })
  const query = useInfiniteQuery({
    ...exposedQuery({ accountId: view.accountId, port, unknown: known === 'unknown' }),
    enabled: useCan('topology:read'),
  })
  const ownColumns = useMemo<Column<ExposedResource>[]>(
    () => [
      {
        id: 'ports',
        drop: 1,
        header: t('exposure.ports'),
        track: 'minmax(100px, 1fr)',
        cell: ({ ports }) => <Ports names={ports.map(portName)} />,
      },
    ],
    [t],
  )
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
      <AnswerList
        view={view}
        accountName={accountName}
        label={t('map.mode.exposed')}
        query={query}
        reason={{ header: t('exposure.how'), of: reasonOf }}
        ownColumns={ownColumns}
        firstUse={{ title: t('exposure.noneTitle'), text: t('exposure.noneText') }}
        noMatch={
          isFiltered ? { text: t('exposure.noMatch'), onClear: () => void set({ port: null, known: null }) } : null
        }
      />
    </>
  )
}

function Ports({ names }: { names: string[] }) {
  return (
    <span className="inline-flex gap-1" title={names.join(', ')}>
      {names.slice(0, MOST_PORTS).map((name) => (
        <Chip key={name}>{name}</Chip>
      ))}
      {names.length > MOST_PORTS && <span className="text-muted">+{names.length - MOST_PORTS}</span>}
    </span>
  )
}

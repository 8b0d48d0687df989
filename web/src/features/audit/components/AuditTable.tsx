import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { QueryState } from '@/components/Common/QueryState'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { AuditEntry } from '@/types/api'
import { auditQuery } from '../api'
import { useAuditFilter } from '../hooks/useAuditFilter'
import { OUTCOME_TONES } from '../rules'
import { AuditPanel } from './AuditPanel'

type Props = { openId: string | null; onOpen: (id: string) => void }

/** What was done in the organization, newest first. */
export function AuditTable({ openId, onOpen }: Props) {
  const { t } = useTranslation()
  const { filter, isFiltered, clear } = useAuditFilter()
  const query = useInfiniteQuery({ ...auditQuery(filter), enabled: useCan('audit:read') })
  const { rows, total, loadMore } = useRows<AuditEntry>(query)
  const columns = useColumns()
  return (
    <QueryState
      query={query}
      permission="audit:read"
      skeleton={<SkeletonRows rows={12} />}
      isEmpty={() => rows.length === 0}
      firstUse={{ title: t('audit.emptyTitle'), text: t('audit.emptyText') }}
      noMatch={isFiltered ? { text: t('audit.noMatch'), onClear: clear } : null}
    >
      {() => (
        <VirtualTable
          label={t('page.audit')}
          rows={rows}
          columns={columns}
          total={total}
          rowId={(row) => row.id}
          rowName={(row) => row.action}
          narrowRow={(row) => <NarrowRow entry={row} />}
          openId={openId}
          onOpen={onOpen}
          onEndReached={loadMore}
        />
      )}
    </QueryState>
  )
}

/** The panel of an entry that the table has loaded: entries are complete in the list, so nothing is asked again. */
export function OpenAuditEntry({ id, onClose }: { id: string; onClose: () => void }) {
  const { filter } = useAuditFilter()
  const query = useInfiniteQuery({ ...auditQuery(filter), enabled: useCan('audit:read') })
  const { rows } = useRows<AuditEntry>(query)
  const entry = rows.find((row) => row.id === id)
  return entry ? <AuditPanel entry={entry} onClose={onClose} /> : null
}

export function Outcome({ outcome }: { outcome: string }) {
  const { t } = useTranslation()
  return (
    <Badge tone={OUTCOME_TONES[outcome] ?? 'neutral'}>
      {t(`auditOutcome.${outcome}` as 'auditOutcome.success', { defaultValue: outcome })}
    </Badge>
  )
}

export function Actor({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation()
  return (
    <>
      {entry.actor_name ??
        entry.actor_id?.slice(0, 8) ??
        t(`actorKind.${entry.actor_kind}` as 'actorKind.system', { defaultValue: entry.actor_kind })}
    </>
  )
}

function useColumns(): Column<AuditEntry>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      { id: 'at', header: t('audit.at'), track: '110px', cell: (row) => <Time at={row.at} className="text-muted" /> },
      { id: 'actor', header: t('audit.actor'), track: 'minmax(120px, 1fr)', cell: (row) => <Actor entry={row} /> },
      {
        id: 'action',
        header: t('audit.action'),
        track: 'minmax(170px, 1.6fr)',
        cell: (row) => <span className="font-mono text-11">{row.action}</span>,
      },
      {
        id: 'subject',
        drop: 2,
        header: t('audit.subject'),
        track: 'minmax(150px, 1.4fr)',
        cell: (row) => (
          <>
            {row.subject_type} <span className="font-mono text-11 text-muted">{row.subject_id.slice(0, 13)}</span>
          </>
        ),
      },
      {
        id: 'address',
        drop: 3,
        header: t('audit.address'),
        track: '130px',
        cell: (row) => <span className="font-mono text-11">{row.client_address}</span>,
      },
      {
        id: 'outcome',
        drop: 1,
        header: t('audit.outcome'),
        track: '110px',
        cell: (row) => <Outcome outcome={row.outcome} />,
      },
    ],
    [t],
  )
}

function NarrowRow({ entry }: { entry: AuditEntry }) {
  return (
    <div className="flex flex-col gap-0.5">
      <div className="flex items-center justify-between gap-3">
        <span className="truncate font-mono text-11">{entry.action}</span>
        <Outcome outcome={entry.outcome} />
      </div>
      <div className="flex items-center justify-between gap-3 text-13 text-muted">
        <span className="truncate">
          <Actor entry={entry} />
        </span>
        <Time at={entry.at} />
      </div>
    </div>
  )
}

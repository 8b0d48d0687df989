import { useInfiniteQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { FilterMenu } from '@/components/Common/FilterMenu'
import { QueryState } from '@/components/Common/QueryState'
import { SearchField } from '@/components/Common/SearchField'
import { SEVERITIES, SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { cutMiddle } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Finding, FindingStatus, Severity } from '@/types/api'
import { findingsQuery } from '../api'
import { useFindingFilter } from '../hooks/useFindingFilter'
import { FINDING_STATUSES, FINDING_TONES, headline } from '../rules'

type Props = { openId: string | null; onOpen: (id: string) => void }

/** Findings with their filters, newest first. */
export function FindingTable({ openId, onOpen }: Props) {
  const { t } = useTranslation()
  const { filter, isActive, clear } = useFindingFilter()
  const query = useInfiniteQuery({ ...findingsQuery(filter), enabled: useCan('compliance:read') })
  const { rows, total, loadMore } = useRows(query)
  const columns = useColumns()
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3">
      <FindingFilters />
      <QueryState
        query={query}
        permission="compliance:read"
        skeleton={<SkeletonRows rows={12} />}
        isEmpty={() => rows.length === 0}
        firstUse={{ title: t('finding.emptyTitle'), text: t('finding.emptyText') }}
        noMatch={isActive ? { text: t('finding.noMatch'), onClear: clear } : null}
      >
        {() => (
          <VirtualTable
            label={t('compliance.findings')}
            rows={rows}
            columns={columns}
            total={total}
            rowId={(row) => row.id}
            rowName={headline}
            narrowRow={(row) => <NarrowRow finding={row} />}
            openId={openId}
            onOpen={onOpen}
            onEndReached={loadMore}
          />
        )}
      </QueryState>
    </div>
  )
}

function FindingFilters() {
  const { t } = useTranslation()
  const { filter, isActive, set, setSearch, clear } = useFindingFilter()
  return (
    <div role="search" aria-label={t('filter.label')} className="flex flex-wrap items-center gap-2">
      <SearchField label={t('finding.search')} value={filter.q} onChange={setSearch} />
      <FilterMenu
        label={t('alert.severity')}
        options={SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))}
        selected={filter.severity}
        onChange={(severity) => void set({ severity: severity as Severity[] })}
      />
      <FilterMenu
        label={t('alert.status')}
        options={FINDING_STATUSES.map((value) => ({ value, label: t(`findingStatus.${value}`) }))}
        selected={filter.status}
        onChange={(status) => void set({ status: status as FindingStatus[] })}
      />
      {filter.control_id && (
        <button
          type="button"
          onClick={() => void set({ control: null })}
          className="inline-flex h-7 max-w-72 items-center gap-1 rounded-control border border-accent px-2 max-md:h-9"
        >
          <span className="truncate">
            {t('compliance.control')}: {filter.control_id}
          </span>
          <X size={13} aria-hidden className="shrink-0" />
          <span className="sr-only">{t('filter.remove')}</span>
        </button>
      )}
      {isActive && (
        <Button variant="quiet" icon={X} onClick={clear}>
          {t('action.clearFilters')}
        </Button>
      )}
    </div>
  )
}

const resourceName = (finding: Finding) => finding.resource_name || cutMiddle(finding.native_id, 40)

function useColumns(): Column<Finding>[] {
  const { t } = useTranslation()
  return useMemo(
    () => [
      {
        id: 'severity',
        header: t('alert.severity'),
        track: '104px',
        cell: (row) => <SeverityMark severity={row.severity} />,
      },
      {
        id: 'title',
        header: t('finding.one'),
        track: 'minmax(240px, 3fr)',
        cell: (row) => (
          <span className="font-medium" title={row.title}>
            {headline(row)}
          </span>
        ),
      },
      {
        id: 'resource',
        header: t('resource.one'),
        track: 'minmax(160px, 2fr)',
        cell: (row) => <span title={row.native_id}>{resourceName(row)}</span>,
      },
      { id: 'region', drop: 4, header: t('resource.region'), track: '110px', cell: (row) => row.region },
      {
        id: 'status',
        drop: 3,
        header: t('alert.status'),
        track: '112px',
        cell: (row) => <Badge tone={FINDING_TONES[row.status]}>{t(`findingStatus.${row.status}`)}</Badge>,
      },
      {
        id: 'first',
        drop: 2,
        header: t('resource.firstSeen'),
        track: '108px',
        align: 'end',
        cell: (row) => <Time at={row.first_seen_at} className="text-muted" />,
      },
    ],
    [t],
  )
}

function NarrowRow({ finding }: { finding: Finding }) {
  return (
    <div className="flex flex-col gap-0.5">
      <span className="truncate font-medium">{headline(finding)}</span>
      <span className="flex items-center gap-3 text-13">
        <SeverityMark severity={finding.severity} />
        <span className="truncate text-muted">{resourceName(finding)}</span>
      </span>
    </div>
  )
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { Check, CheckCheck } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Badge } from '@/components/Common/Badge'
import { Button } from '@/components/Common/Button'
import { QueryState } from '@/components/Common/QueryState'
import { SeverityMark } from '@/components/Common/Severity'
import { SkeletonRows } from '@/components/Common/Skeleton'
import type { FirstUse } from '@/components/Common/States'
import { Time } from '@/components/Common/Time'
import { type Column, VirtualTable } from '@/components/Common/VirtualTable'
import { useShortcuts } from '@/hooks/useShortcuts'
import { formatNumber } from '@/services/format'
import { useRows } from '@/services/paging'
import { useCan } from '@/services/permissions'
import type { Alert } from '@/types/api'
import { alertsQuery } from '../api'
import { useAlertActions } from '../hooks/useAlertActions'
import { useAlertFilter } from '../hooks/useAlertFilter'
import { canAcknowledge, canResolve, STATUS_TONES } from '../rules'

type Props = { openId: string | null; onOpen: (id: string) => void; firstUse: FirstUse }

/** The alert list: newest first, worked through from the keyboard with j, k, x and e. */
export function AlertTable({ openId, onOpen, firstUse }: Props) {
  const { t } = useTranslation()
  const { filter, isActive, clear } = useAlertFilter()
  const query = useInfiniteQuery({ ...alertsQuery(filter), enabled: useCan('alerts:read') })
  const { rows, total, loadMore } = useRows(query)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [cursorId, setCursorId] = useState<string | null>(null)
  const columns = useColumns()
  const actions = useAlertActions()
  const chosen = rows.filter(({ id }) => (selected.size > 0 ? selected.has(id) : id === (openId ?? cursorId)))
  const acknowledgeChosen = () => {
    const ids = chosen.filter(({ status }) => canAcknowledge(status)).map(({ id }) => id)
    if (ids.length > 0 && actions.mayAcknowledge) actions.acknowledge(ids)
    setSelected(new Set())
  }
  const resolveChosen = () => {
    const ids = chosen.filter(({ status }) => canResolve(status)).map(({ id }) => id)
    if (ids.length > 0) actions.resolve(ids)
    setSelected(new Set())
  }
  useShortcuts([
    { keys: 'e', run: acknowledgeChosen, label: t('shortcut.acknowledge'), group: t('shortcut.group.alerts') },
  ])
  const toggle = (id: string) => {
    const next = new Set(selected)
    if (!next.delete(id)) next.add(id)
    setSelected(next)
  }

  return (
    <QueryState
      query={query}
      permission="alerts:read"
      skeleton={<SkeletonRows rows={14} />}
      isEmpty={() => rows.length === 0}
      firstUse={firstUse}
      noMatch={isActive ? { text: t('alert.noMatch'), onClear: clear } : null}
    >
      {() => (
        <>
          {selected.size > 0 && (
            <div role="toolbar" aria-label={t('alert.selectedActions')} className="flex items-center gap-2">
              <span className="tabular-nums">{t('table.selected', { count: selected.size })}</span>
              {actions.mayAcknowledge && (
                <Button icon={Check} onClick={acknowledgeChosen} busy={actions.isBusy}>
                  {t('alert.acknowledge')}
                </Button>
              )}
              {actions.mayResolve && (
                <Button icon={CheckCheck} onClick={resolveChosen} busy={actions.isBusy}>
                  {t('alert.resolve')}
                </Button>
              )}
              <Button variant="quiet" onClick={() => setSelected(new Set())}>
                {t('table.clearSelection')}
              </Button>
            </div>
          )}
          <VirtualTable
            label={t('page.alerts')}
            rows={rows}
            columns={columns}
            total={total}
            rowId={(row) => row.id}
            rowName={(row) => row.title}
            narrowRow={(row) => <NarrowRow alert={row} />}
            openId={openId}
            onOpen={onOpen}
            onEndReached={loadMore}
            selection={{ selected, toggle }}
            onCursor={setCursorId}
          />
        </>
      )}
    </QueryState>
  )
}

function useColumns(): Column<Alert>[] {
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
        header: t('alert.title'),
        track: 'minmax(240px, 4fr)',
        cell: (row) => <span className="font-medium">{row.title}</span>,
      },
      {
        id: 'status',
        header: t('alert.status'),
        track: '136px',
        cell: (row) => <Badge tone={STATUS_TONES[row.status]}>{t(`alertStatus.${row.status}`)}</Badge>,
      },
      { id: 'source', drop: 2, header: t('alert.source'), track: 'minmax(100px, 1fr)', cell: (row) => row.source },
      {
        id: 'count',
        drop: 3,
        header: t('alert.count'),
        track: '72px',
        align: 'end',
        cell: (row) => formatNumber(row.count),
      },
      {
        id: 'started',
        drop: 1,
        header: t('alert.started'),
        track: '116px',
        align: 'end',
        cell: (row) => <Time at={row.started_at} className="text-muted" />,
      },
    ],
    [t],
  )
}

function NarrowRow({ alert }: { alert: Alert }) {
  const { t } = useTranslation()
  return (
    <div className="flex flex-col gap-0.5">
      <span className="truncate font-medium">{alert.title}</span>
      <span className="flex items-center gap-3 text-13">
        <SeverityMark severity={alert.severity} />
        <Badge tone={STATUS_TONES[alert.status]}>{t(`alertStatus.${alert.status}`)}</Badge>
        <Time at={alert.started_at} className="ml-auto text-muted" />
      </span>
    </div>
  )
}

import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Amount } from '@/components/Common/Amount'
import { Badge } from '@/components/Common/Badge'
import { Provider } from '@/components/Common/Provider'
import { Time } from '@/components/Common/Time'
import type { Column } from '@/components/Common/VirtualTable'
import type { Resource } from '@/types/api'
import { type ColumnName, isTagColumn, tagOf } from '../columns'
import { statusTone, typeName } from '../rules'

type Shape = Omit<Column<Resource>, 'id' | 'header'>

/** How each column is drawn; with few columns none has to give way. */
const shapes = (accountName: (id: string) => string, stale: string): Record<ColumnName, Shape> => ({
  name: {
    track: 'minmax(200px, 3fr)',
    cell: (row) => (
      <span className="font-medium" title={row.native_id}>
        {row.name || row.native_id}
      </span>
    ),
  },
  type: { track: 'minmax(130px, 1.5fr)', cell: (row) => typeName(row.type) },
  native_type: {
    drop: 6,
    track: 'minmax(150px, 1.5fr)',
    cell: (row) => <span className="font-mono text-11">{row.native_type}</span>,
  },
  status: {
    track: '124px',
    cell: (row) =>
      row.stale ? (
        <Badge tone="warning">{stale}</Badge>
      ) : row.status ? (
        <Badge tone={statusTone(row.status)}>{row.status}</Badge>
      ) : null,
  },
  region: { drop: 2, track: '120px', cell: (row) => row.region },
  account: { drop: 3, track: 'minmax(120px, 1.2fr)', cell: (row) => accountName(row.account_id) },
  provider: { drop: 5, track: '112px', cell: (row) => <Provider provider={row.provider} /> },
  cost: {
    drop: 1,
    track: '124px',
    align: 'end',
    cell: (row) =>
      row.monthly_cost.length > 0 ? <Amount sums={row.monthly_cost} /> : <span className="text-muted">–</span>,
  },
  tags: {
    drop: 7,
    track: 'minmax(160px, 2fr)',
    cell: (row) => {
      const text = Object.entries(row.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ')
      return <span title={text}>{text}</span>
    },
  },
  native_id: {
    drop: 8,
    track: 'minmax(200px, 2fr)',
    cell: (row) => <span className="font-mono text-11">{row.native_id}</span>,
  },
  first_seen: {
    drop: 9,
    track: '104px',
    align: 'end',
    cell: (row) => <Time at={row.first_seen_at} className="text-muted" />,
  },
  last_seen: {
    drop: 4,
    track: '104px',
    align: 'end',
    cell: (row) => <Time at={row.last_seen_at} className="text-muted" />,
  },
})

/** The list's columns by name, in their order; names that are none (of an old link) are left out. */
export function useResourceColumns(names: string[], accountName: (id: string) => string): Column<Resource>[] {
  const { t } = useTranslation()
  const key = names.join('\n')
  return useMemo(() => {
    const known = shapes(accountName, t('resource.stale'))
    return key.split('\n').flatMap((name): Column<Resource>[] => {
      if (isTagColumn(name)) {
        const tag = tagOf(name)
        return [
          {
            id: name,
            header: tag,
            track: 'minmax(110px, 1fr)',
            drop: 4,
            cell: (row) => row.tags[tag] ?? <span className="text-muted">–</span>,
          },
        ]
      }
      const shape = known[name as ColumnName] as Shape | undefined
      return shape ? [{ id: name, header: t(`column.${name as ColumnName}`), ...shape }] : []
    })
  }, [key, accountName, t])
}

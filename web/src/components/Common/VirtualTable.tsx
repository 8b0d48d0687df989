import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useElementWidth } from '@/hooks/useElementWidth'
import { useIsNarrow } from '@/hooks/useMediaQuery'
import { useRowCursor } from '@/hooks/useRowCursor'
import { usePreferences } from '@/services/preferences'
import { classes } from './classes'

export type Column<Row> = {
  id: string
  header: string
  /** A CSS grid track, such as `minmax(160px, 2fr)`. */
  track: string
  align?: 'end'
  /** Given up when the table is too narrow for all; the highest goes first. */
  drop?: number
  cell: (row: Row) => ReactNode
}

type Props<Row> = {
  label: string
  rows: Row[]
  columns: Column<Row>[]
  rowId: (row: Row) => string
  rowName: (row: Row) => string
  /** One row on a narrow screen: a small card of two lines. */
  narrowRow: (row: Row) => ReactNode
  openId: string | null
  onOpen: (id: string) => void
  /** All rows there are, also those not loaded; null when it is not known. */
  total?: number | null
  onEndReached?: () => void
  selection?: { selected: ReadonlySet<string>; toggle: (id: string) => void }
  /** Told which row the keyboard is on, for keys that act on it. */
  onCursor?: (id: string | null) => void
  /** Makes the table a tree: how deep a row stands, and whether what is below it is shown (null: nothing is below). */
  tree?: (row: Row) => { level: number; isOpen: boolean | null }
}

const leastTrack = (track: string): number => Number(/(\d+)px/.exec(track)?.[1] ?? 0)

const HEIGHTS = { compact: 30, comfortable: 40, narrow: 62 }
const LOAD_AHEAD_ROWS = 30

/** A table that draws only the rows in sight, so it stays quick with 100,000. Rows are reached with j, k and the arrows. */
export function VirtualTable<Row>(given: Props<Row>) {
  const scroller = useRef<HTMLDivElement>(null)
  const width = useElementWidth(scroller)
  const props = { ...given, columns: fitting(given.columns, width - (given.selection ? 32 : 0)) }
  const { label, rows, rowId, openId, onOpen, total, onEndReached, selection, onCursor } = props
  const gridId = useId()
  const isNarrow = useIsNarrow()
  const density = usePreferences((preferences) => preferences.density)
  const height = isNarrow ? HEIGHTS.narrow : HEIGHTS[density]
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    initialRect: { width: 1000, height: 600 },
  })
  const { cursor, setCursor } = useRowCursor({
    count: rows.length,
    openIndex: rows.findIndex((row) => rowId(row) === openId),
    open: (index) => {
      const row = rows[index]
      if (row !== undefined) onOpen(rowId(row))
    },
    toggle: (index) => {
      const row = rows[index]
      if (row !== undefined) selection?.toggle(rowId(row))
    },
    reveal: (index) => {
      virtualizer.scrollToIndex(index, { align: 'auto' })
      // Beside an open panel the focus is the panel's; it comes back here when that closes.
      if (openId === null) scroller.current?.focus({ preventScroll: true })
    },
  })

  useEffect(() => virtualizer.measure(), [virtualizer, height])
  const cursorRow = cursor === null ? undefined : rows[cursor]
  const cursorId = cursorRow === undefined ? null : rowId(cursorRow)
  useEffect(() => onCursor?.(cursorId), [onCursor, cursorId])

  const items = virtualizer.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - LOAD_AHEAD_ROWS) onEndReached?.()
  }, [lastShown, rows.length, onEndReached])

  return (
    <div
      ref={scroller}
      role={props.tree ? 'treegrid' : 'grid'}
      id={gridId}
      aria-label={label}
      aria-rowcount={total ?? -1}
      aria-multiselectable={selection ? true : undefined}
      aria-activedescendant={cursorId ? `${gridId}-${cursorId}` : undefined}
      tabIndex={0}
      className="relative min-h-16 shrink overflow-auto rounded-card border border-border bg-surface outline-offset-[-2px]"
    >
      <HeaderRow {...props} hidden={isNarrow} />
      <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, start, size }) => {
          const row = rows[index]
          if (row === undefined) return null
          return (
            <BodyRow
              key={rowId(row)}
              {...props}
              row={row}
              domId={`${gridId}-${rowId(row)}`}
              rowIndex={index + 2}
              offset={start}
              height={size}
              isNarrow={isNarrow}
              isCursor={index === cursor}
              onPick={() => {
                setCursor(index)
                scroller.current?.focus({ preventScroll: true })
                onOpen(rowId(row))
              }}
            />
          )
        })}
      </div>
    </div>
  )
}

/** The columns that have room; those that say less give way first. */
function fitting<Row>(columns: Column<Row>[], width: number): Column<Row>[] {
  const kept = [...columns]
  const needed = () => kept.reduce((sum, { track }) => sum + leastTrack(track), 0)
  while (width > 0 && needed() > width) {
    const [first] = kept.filter(({ drop }) => drop).sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0))
    if (!first) break
    kept.splice(kept.indexOf(first), 1)
  }
  return kept
}

const tracks = <Row,>({ columns, selection }: Props<Row>) =>
  [...(selection ? ['32px'] : []), ...columns.map(({ track }) => track)].join(' ')

/** The tracks' least widths together: below this the table scrolls sideways, all rows alike. */
const leastWidth = <Row,>({ columns, selection }: Props<Row>): number =>
  columns.reduce((sum, { track }) => sum + leastTrack(track), selection ? 32 : 0)

const cellShape = <Row,>(column: Column<Row>) =>
  classes('min-w-0 truncate px-3', column.align === 'end' && 'text-right tabular-nums')

function HeaderRow<Row>(props: Props<Row> & { hidden: boolean }) {
  const { t } = useTranslation()
  return (
    <div role="rowgroup" className={props.hidden ? 'sr-only' : 'sticky top-0 z-10'}>
      <div
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: tracks(props), minWidth: leastWidth(props) }}
        className="grid h-8 items-center border-b border-border bg-surface-2 text-11 font-medium text-muted"
      >
        {props.selection && (
          <div role="columnheader" className="sr-only">
            {t('table.select')}
          </div>
        )}
        {props.selection && <div aria-hidden />}
        {props.columns.map((column) => (
          <div key={column.id} role="columnheader" className={cellShape(column)}>
            {column.header}
          </div>
        ))}
      </div>
    </div>
  )
}

type BodyRowProps<Row> = Props<Row> & {
  row: Row
  domId: string
  rowIndex: number
  offset: number
  height: number
  isNarrow: boolean
  isCursor: boolean
  onPick: () => void
}

function BodyRow<Row>(props: BodyRowProps<Row>) {
  const { row, rowId, rowName, selection, columns, narrowRow, openId, isNarrow, isCursor } = props
  const { t } = useTranslation()
  const id = rowId(row)
  const selected = selection?.selected.has(id) ?? false
  const place = props.tree?.(row)
  return (
    <div
      role="row"
      id={props.domId}
      aria-rowindex={props.rowIndex}
      aria-level={place?.level}
      aria-expanded={place?.isOpen ?? undefined}
      aria-selected={selection ? selected : id === openId}
      onClick={props.onPick}
      style={{
        height: props.height,
        transform: `translateY(${props.offset}px)`,
        ...(isNarrow ? {} : { gridTemplateColumns: tracks(props), minWidth: leastWidth(props) }),
      }}
      className={classes(
        'absolute inset-x-0 top-0 cursor-default items-center border-b border-border',
        isNarrow ? 'flex' : 'grid',
        id === openId || selected ? 'bg-surface-2' : 'hover:bg-surface-2',
        isCursor && 'shadow-[inset_2px_0_0_var(--accent)]',
      )}
    >
      {selection && !isNarrow && (
        <div role="gridcell" className="flex justify-center">
          <input
            type="checkbox"
            tabIndex={-1}
            checked={selected}
            aria-label={t('table.selectRow', { name: rowName(row) })}
            onChange={() => selection.toggle(id)}
            onClick={(event) => event.stopPropagation()}
            className="size-3.5 accent-accent"
          />
        </div>
      )}
      {isNarrow ? (
        <div role="gridcell" className="min-w-0 flex-1 px-3.5">
          {narrowRow(row)}
        </div>
      ) : (
        columns.map((column) => (
          <div key={column.id} role="gridcell" className={cellShape(column)}>
            {column.cell(row)}
          </div>
        ))
      )}
    </div>
  )
}

import { ChartColumn, Table2 } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/components/Common/Button'
import { classes } from '@/components/Common/classes'

export type ChartTable = { columns: string[]; rows: string[][] }

type Props = {
  title: string
  /** What the numbers are: "USD a day". */
  unit: string
  /** One sentence that says what the chart shows. */
  summary: string
  /** Made when it is looked at, where making it takes long. */
  table: ChartTable | (() => ChartTable)
  aside?: ReactNode
  children: ReactNode
  className?: string
  /** Height of the drawing in pixels; the table scrolls in the same space. */
  height?: number
}

/** Around every chart: title, unit, a summary in words, and the same numbers as a table. */
export function ChartFrame({ title, unit, summary, table, aside, children, className, height = 220 }: Props) {
  const { t } = useTranslation()
  const [asTable, setAsTable] = useState(false)
  const ids = useId()
  return (
    <figure
      aria-labelledby={`${ids}-title`}
      aria-describedby={`${ids}-summary`}
      className={classes('flex min-w-0 flex-col rounded-card border border-border bg-surface p-3 pt-1.5', className)}
    >
      <figcaption className="mb-2">
        <div className="flex min-h-7 items-center gap-2">
          <h2 id={`${ids}-title`} className="truncate text-13 font-semibold">
            {title}
          </h2>
          <span className="text-11 whitespace-nowrap text-muted">{unit}</span>
          <span className="flex-1" />
          {aside}
          <IconButton
            icon={asTable ? ChartColumn : Table2}
            label={asTable ? t('chart.asChart') : t('chart.asTable')}
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          />
        </div>
        <p id={`${ids}-summary`} className="text-muted">
          {summary}
        </p>
      </figcaption>
      <div
        className="flex min-h-0 flex-1 flex-col"
        style={asTable ? { maxHeight: height + 40, overflow: 'auto' } : undefined}
      >
        {asTable ? <DataTable table={typeof table === 'function' ? table() : table} label={title} /> : children}
      </div>
    </figure>
  )
}

const ROWS_AT_FIRST = 200

function DataTable({ table, label }: { table: ChartTable; label: string }) {
  const { t } = useTranslation()
  const [most, setMost] = useState(ROWS_AT_FIRST)
  return (
    <>
      {/* The scroller above takes the keyboard through this table. */}
      <table className="w-full border-collapse" aria-label={label}>
        <thead className="sticky top-0 bg-surface-2 text-11 text-muted">
          <tr>
            {table.columns.map((column, index) => (
              <th
                // Two series may have one name.
                key={`${index}-${column}`}
                scope="col"
                className={classes('px-2 py-1 font-medium', index === 0 ? 'text-left' : 'text-right')}
              >
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, most).map((row) => (
            <tr key={row[0]} className="border-b border-border last:border-0">
              {row.map((cell, index) =>
                index === 0 ? (
                  <th key="name" scope="row" className="px-2 py-1 text-left font-normal whitespace-nowrap">
                    {cell}
                  </th>
                ) : (
                  <td key={`${index}-${table.columns[index]}`} className="px-2 py-1 text-right tabular-nums">
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > most && (
        <Button variant="quiet" className="my-1 self-start" onClick={() => setMost(most * 2)}>
          {t('action.showMore')}
        </Button>
      )}
    </>
  )
}

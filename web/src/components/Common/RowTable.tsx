import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { classes } from './classes'

export type RowColumn<Row> = {
  id: string
  header: string
  cell: (row: Row) => ReactNode
  align?: 'end'
  /** Left out on a narrow screen, where a row has two lines. */
  wideOnly?: boolean
}

type Props<Row> = {
  label: string
  rows: Row[]
  columns: RowColumn<Row>[]
  rowId: (row: Row) => string
  actions?: (row: Row) => ReactNode
}

/** A short list as a plain table: tens of rows, each with its own buttons. The first column names the row. */
export function RowTable<Row>({ label, rows, columns, rowId, actions }: Props<Row>) {
  const { t } = useTranslation()
  const cellShape = (column: RowColumn<Row>) =>
    classes(
      'px-3 py-1.5 align-top',
      column.align === 'end' ? 'text-right tabular-nums' : 'text-left',
      column.wideOnly && 'max-md:hidden',
    )
  return (
    <div
      role="group"
      aria-label={label}
      tabIndex={0}
      className="min-w-0 overflow-x-auto rounded-card border border-border bg-surface outline-offset-[-2px]"
    >
      <table className="w-full border-collapse">
        <thead className="max-md:sr-only">
          <tr className="h-8 border-b border-border bg-surface-2 text-11 text-muted">
            {columns.map((column) => (
              <th key={column.id} scope="col" className={classes(cellShape(column), 'font-medium')}>
                {column.header}
              </th>
            ))}
            {actions && (
              <th scope="col">
                <span className="sr-only">{t('table.actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowId(row)}
              className="border-b border-border last:border-0 max-md:flex max-md:flex-wrap max-md:items-center max-md:py-1"
            >
              {columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.id} scope="row" className={classes(cellShape(column), 'font-normal max-md:flex-1')}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={cellShape(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
              {actions && (
                <td className="px-2 py-1 align-top">
                  <div className="flex flex-wrap justify-end gap-1">{actions(row)}</div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

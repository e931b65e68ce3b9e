/** A table that the page's style turns into a list on a phone. */
import type { ComponentChildren } from 'preact'

interface TableProps {
  /** A style may leave it to screen readers. */
  caption: string
  columns: readonly string[]
  rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[]
}

/** Browsers lose the roles of a table whose parts become blocks. */
const as = (role: 'table' | 'rowgroup' | 'row' | 'columnheader' | 'cell') => ({ role })

export function Table({ caption, columns, rows }: TableProps) {
  return (
    <table {...as('table')}>
      <caption>{caption}</caption>
      <thead {...as('rowgroup')}>
        <tr {...as('row')}>
          {columns.map(column => (
            <th key={column} {...as('columnheader')} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody {...as('rowgroup')}>
        {rows.map(({ key, cells }) => (
          <tr key={key} {...as('row')}>
            {cells.map((cell, at) => (
              <td key={columns[at]} {...as('cell')} data-label={columns[at]}>
                <div>{cell}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

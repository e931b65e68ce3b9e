/** A table of the evidence page, which becomes a list on a phone. */
import type { ComponentChildren } from 'preact'
import { shown } from './shown.ts'

interface TableProps {
  caption: string
  columns: readonly string[]
  rows: readonly (readonly ComponentChildren[])[]
}

/** Browsers lose the roles of a table whose parts a style makes blocks. */
const as = (role: 'table' | 'rowgroup' | 'row' | 'columnheader' | 'cell') => ({ role })

export function Table({ caption, columns, rows }: TableProps) {
  if (rows.length === 0) return null
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
        {rows.map(cells => (
          <tr {...as('row')}>
            {cells.map((cell, i) => (
              <td key={columns[i]} {...as('cell')} data-label={columns[i]}>
                <div>{cell}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A text of people or browsers, which may be of any script and hold anything. */
export function Foreign({ text }: { text: string | null | undefined }) {
  if (text === null || text === undefined || text === '') return null
  // A short word stays in one piece, and a long one may break anywhere.
  return <bdi class={/^[^\s/]{1,24}$/.test(text) ? 'short' : undefined}>{shown(text)}</bdi>
}

export function Figure({ children }: { children: ComponentChildren }) {
  return <span class="figure">{children}</span>
}

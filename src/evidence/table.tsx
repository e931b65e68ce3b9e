/** The tables of the evidence page. */
import type { ComponentChildren } from 'preact'
import { Table as DataTable } from '../charts/table.tsx'
import { visible } from '../messages/visible.ts'

interface TableProps {
  caption: string
  columns: readonly string[]
  rows: readonly (readonly ComponentChildren[])[]
}

/** Nothing without rows. */
export function Table({ caption, columns, rows }: TableProps) {
  if (rows.length === 0) return null
  return <DataTable caption={caption} columns={columns} rows={rows.map((cells, i) => ({ key: String(i), cells }))} />
}

/** A text of people or browsers, which may hold anything. */
export function Foreign({ text }: { text: string | null | undefined }) {
  if (text === null || text === undefined || text === '') return null
  // Short words stay in one piece; long ones may break anywhere.
  return <bdi class={/^[^\s/]{1,24}$/.test(text) ? 'short' : undefined}>{visible(text)}</bdi>
}

export function Figure({ children }: { children: ComponentChildren }) {
  return <span class="figure">{children}</span>
}

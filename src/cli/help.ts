/** Formats help pages in eighty columns. */
import type { Command } from './command.ts'

const columns = 80

export function helpPage(command: Command): string {
  const usage = command.usage.map((line, index) => wrap(`${index === 0 ? 'Usage: ' : '       '}${line}`, 11))
  const list = (command.commands ?? []).map(({ name, summary }) => `  ${name}  ${summary}`)
  const parts = [
    usage.join('\n'),
    command.summary,
    fit(list),
    ...command.help
      .trim()
      .split(/\n{2,}/)
      .map(part => fit(lines(part)))
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

/** `trim` removed the indentation of a leading option. */
function lines(part: string): string[] {
  return part.split('\n').map(line => (/^(-|[A-Z]+ {2,})/.test(line) ? `  ${line}` : line))
}

/** Wraps prose and option columns; other indented text is code. */
function fit(paragraph: readonly string[]): string {
  const rows: { kind: 'prose' | 'option' | 'code'; name: string; text: string }[] = []
  for (const line of paragraph) {
    const before = rows.at(-1)
    const [, name, text] = /^ {2}(\S+(?: \S+)*) {2,}(\S.*)$/.exec(line) ?? []
    if (name !== undefined && text !== undefined) rows.push({ kind: 'option', name, text })
    else if (before?.kind === 'option' && /^ {8}/.test(line)) before.text += ` ${line.trim()}`
    else if (line.startsWith(' ')) rows.push({ kind: 'code', name: '', text: line })
    else if (before?.kind === 'prose') before.text += ` ${line}`
    else rows.push({ kind: 'prose', name: '', text: line })
  }
  const width = Math.max(...rows.map(({ name }) => name.length))
  return rows
    .map(({ kind, name, text }) => {
      if (kind === 'code') return text
      return kind === 'prose' ? wrap(text, 0) : wrap(`  ${name.padEnd(width)}  ${text}`, width + 4)
    })
    .join('\n')
}

function wrap(text: string, hang: number): string {
  const rows: string[] = []
  let rest = text
  while (rest.length > columns) {
    const at = rest.lastIndexOf(' ', columns)
    if (at <= hang) break
    rows.push(rest.slice(0, at))
    rest = ' '.repeat(hang) + rest.slice(at + 1)
  }
  return [...rows, rest].join('\n')
}

/** Writes the types of messages, so that a page that names a missing message or placeholder does not compile. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MessageTree } from '../../src/messages/catalogue.ts'
import { type Placeholder, placeholdersOf } from '../../src/messages/icu.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Folders with an `en.json`, as paths from the root. Each is one catalogue. */
export function messageFolders(): string[] {
  return ['plugins', 'src'].flatMap(top =>
    readdirSync(path.join(root, top), { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => path.posix.join(top, name, 'messages'))
      .filter(folder => existsSync(path.join(root, folder, 'en.json')))
  )
}

/** The source of a folder. */
export function sourceOf(folder: string): MessageTree {
  return JSON.parse(readFileSync(path.join(root, folder, 'en.json'), 'utf8')) as MessageTree
}

export function typesFile(folder: string): string {
  return path.join(root, folder, 'sentences.ts')
}

export function typesOf(source: MessageTree): string {
  return `/** The types of the messages in en.json. \`npm run messages\` writes this file. */\n\nexport interface Sentences ${interfaceOf(source, '')}\n`
}

function interfaceOf(tree: MessageTree, indent: string): string {
  const inner = `${indent}  `
  const lines = Object.entries(tree).map(([key, value]) => {
    const name = /^[a-z_$][\w$]*$/i.test(key) ? key : `'${key}'`
    return `${inner}readonly ${name}: ${typeof value === 'string' ? messageType(value) : interfaceOf(value, inner)}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

function messageType(text: string): string {
  const args = [...placeholdersOf(text)].map(([name, placeholder]) => `readonly ${name}: ${typeOf(placeholder)}`)
  return args.length === 0 ? 'string' : `(args: { ${args.join('; ')} }) => string`
}

function typeOf(placeholder: Placeholder): string {
  if (placeholder.kind === 'text') return 'string'
  if (placeholder.kind === 'number') return 'number'
  return [...placeholder.words, 'other'].map(word => `'${word}'`).join(' | ')
}

/**
 * Prints the schema as factorgate.schema.json for editors, and as reference.md. `npm run docs` writes both, and docs/apps/. A test fails
 * when they are outdated.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { recipePages } from './recipes/pages.ts'
import { isNeeded, type Node } from './schema/schema-builders.ts'
import { configSchema } from './schema.ts'
import { printDuration, printSize, type ValueTypeName, valueTypes } from './values/value-types.ts'

const variable = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}'

/** Plain JSON Schema (draft 7), for editors and `factorgate schema`. */
export function jsonSchema(): Record<string, unknown> {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...plain(configSchema) }
}

export function reference(): string {
  const sections = mapsIn(configSchema, '').map(([where, map]) => section(where, map))
  return `${prologue}\n${sections.join('\n')}`
}

function plain(node: Node): Record<string, unknown> {
  const { required, properties, items, anyOf, patternProperties, default: standard, ...rest } = node
  const words = Object.entries(rest).filter(([word]) => !word.startsWith('x-'))
  const result: Record<string, unknown> = Object.fromEntries(words)
  if (standard !== undefined && standard !== null) result.default = standard
  if (items !== undefined) result.items = plain(items)
  if (anyOf !== undefined) result.anyOf = anyOf.map(plain)
  if (properties !== undefined) {
    result.properties = Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, plain(child)]))
    const needed = Object.keys(properties).filter(isNeeded(node))
    if (needed.length > 0) result.required = needed
  }
  if (patternProperties !== undefined) result.additionalProperties = plain(Object.values(patternProperties)[0]!)
  const pattern = patternOf(node)
  if (pattern !== undefined) result.pattern = `^(?:${pattern})$|${variable}`
  const takesVariable =
    node.type === 'integer' ||
    node.type === 'number' ||
    node.type === 'boolean' ||
    (node.type === 'string' && node.enum)
  return takesVariable && !('const' in node) ? orVariable(result) : result
}

function patternOf(node: Node): string | undefined {
  const kind = node['x-kind']
  return kind === undefined ? undefined : (valueTypes[kind] as { pattern?: string }).pattern
}

/** The environment may give numbers, switches and choices too. Their descriptions stay outside. */
function orVariable({ title, description, default: standard, examples, ...shape }: Record<string, unknown>) {
  const about = Object.entries({ title, description, default: standard, examples }).filter(
    ([, value]) => value !== undefined
  )
  return { ...Object.fromEntries(about), anyOf: [shape, { type: 'string', pattern: `^${variable}$` }] }
}

/** Maps with the path of their keys, the outer ones first. */
function mapsIn(node: Node, where: string): [string, Node][] {
  const found: [string, Node][] = node.properties ? [[where, node]] : []
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const at = where === '' ? key : `${where}.${key}`
    for (const branch of child.anyOf ?? [child]) found.push(...mapsIn(branch, at))
    for (const branch of child.items?.anyOf ?? (child.items === undefined ? [] : [child.items]))
      found.push(...mapsIn(branch, `${at}[]${kindOf(branch)}`))
  }
  return found
}

function kindOf(node: Node): string {
  const [kind, more] = node.properties?.kind?.enum ?? []
  return kind === undefined || more !== undefined ? '' : `:${kind}`
}

function section(where: string, map: Node): string {
  const head = where === '' ? '## The file' : `## \`${where}\`\n\n${map.title}. ${map.description}`
  const inside = where === '' ? '' : `${where}.`
  const rows = Object.entries(map.properties!).map(([key, child]) => row(`${inside}${key}`, child, isNeeded(map)(key)))
  return `${head}\n\n| key | value | when left out | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function row(where: string, node: Node, isNeededKey: boolean): string {
  const key = code(where.slice(where.lastIndexOf('.') + 1))
  const meaning = `**${node.title}.** ${node.description}${examplesOf(node)}`
  const cells = [key, typeOf(node, where), isNeededKey ? '**needed**' : leftOut(node), meaning]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

function typeOf(node: Node, where: string): string {
  if (node.anyOf !== undefined) return node.anyOf.map(branch => typeOf(branch, where)).join(' or ')
  if (node.enum !== undefined) return node.enum.map(code).join(', ')
  if (node.items?.anyOf?.[0]?.properties)
    return `list of ${node.items.anyOf.map(branch => `[${kindOf(branch).slice(1)}](#${anchor(`${where}[]${kindOf(branch)}`)})`).join(', ')}`
  if (node.items?.properties) return `list of [these](#${anchor(`${where}[]`)})`
  if (node.items !== undefined) return `list: ${typeOf(node.items, where)}`
  if (node.properties !== undefined) return `[map](#${anchor(where)})`
  if (node.patternProperties !== undefined)
    return `map of ${/headername/i.test(String(node['x-keys'])) ? 'header names and values' : 'texts'}`
  if (node.type === 'boolean') return 'const' in node ? code(node.const) : '`true`, `false`'
  if (node.type === 'integer' || node.type === 'number') return `${node.minimum} to ${node.maximum}`
  if ('const' in node) return code(node.const)
  return node['x-kind'] === undefined ? '`null`' : textOf(node, node['x-kind'])
}

function textOf(node: Node, kind: ValueTypeName): string {
  const { name } = valueTypes[kind]
  if (node['x-least'] === undefined || node['x-most'] === undefined) return name
  const print = kind === 'size' ? printSize : printDuration
  return `${name}, ${print(node['x-least'])} to ${print(node['x-most'])}`
}

/** The anchor that GitHub makes. */
function anchor(where: string): string {
  return where.toLowerCase().replace(/[^a-z0-9-]/g, '')
}

function leftOut(node: Node): string {
  if (node['x-derived'] !== undefined) return node['x-derived']
  if (node.default === undefined || node.default === null) return '–'
  const isMap = node.properties !== undefined || node.anyOf?.some(branch => branch.properties) === true
  return isMap ? 'as its keys' : code(node.default)
}

function examplesOf(node: Node): string {
  const examples = (node.examples ?? []).map(code)
  return examples.length === 0 ? '' : ` For example ${examples.join(', ')}.`
}

/** A value on one line, as in the file. */
function code(value: unknown): string {
  return `\`${stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim()}\``
}

/** The text before the tables. */
const prologue = `<!-- Written by \`npm run docs\` from config/schema.ts. Change it there. -->
# Configuration

The gate reads one YAML file. It is the first of these that is given or exists: \`--config FILE\`, \`FACTORGATE_CONFIG\`, \`./factorgate.yaml\`,
\`/etc/factorgate/factorgate.yaml\`. \`factorgate init\` writes a file with comments. \`factorgate check\` lists all problems of a file. There are
complete examples in [examples/](examples/).

This is the smallest configuration:

\`\`\`yaml
portal: { url: https://gate.lab.example }
apps:
  - id: notebooks
    url: https://notebooks.lab.example
    upstream: http://10.1.2.3:8888
\`\`\`

Editors that support JSON Schema complete and check the file if its first line is

\`\`\`yaml
# yaml-language-server: $schema=./factorgate.schema.json
\`\`\`

with the path of [factorgate.schema.json](factorgate.schema.json) (\`factorgate schema\` prints it).

## How values are written

- **Durations** are a number and a unit: \`30s\`, \`5m\`, \`1h\`, \`7d\`. **Sizes** too: \`512B\`, \`64KiB\`, \`10MiB\`, \`2GiB\`. A number without a unit is a problem.
  Only \`factors.totp.period\` is a number of seconds without a unit, as in RFC 6238.
- **Paths** that do not begin with \`/\` are relative to the folder of the file.
- The gate replaces **\`\${NAME}\`** in any value with the environment variable. A variable that is not set is a problem. An empty variable is an empty value. Write \`$\${\`
  for the two characters themselves. Inside \`{ … }\` and \`[ … ]\` put quotes around it, because YAML reads the braces first.
- **Secrets** (\`store\`, \`redis.password\`, \`redis.sentinelPassword\`) may be in a file that \`storeFile\`, \`redis.passwordFile\` or
  \`redis.sentinelPasswordFile\` names. The gate removes one line break at its end. It is a problem to give both keys. No message ever shows a secret.
- **Unknown keys**, keys that appear twice, and keys without a value are problems. YAML anchors and aliases work for whole values. Merge
  keys (\`<<\`) do not work.
- A key that begins with **\`unsafe\`** switches a protection off. The gate says so once at every start.

The gate reads a changed file again while it runs (also on SIGHUP). If the file has problems, the gate refuses it and keeps the old configuration.

## What is checked beyond single keys

The gate lists all problems at once, each with line and column. It also checks what the tables below do not say:

- The portal and apps may have plain http addresses only on this machine (\`localhost\`, \`*.localhost\`, 127.0.0.0/8, \`[::1]\`) unless \`unsafeHttp: true\`.
- No two apps have the same id, or the same host and path. One host is either http or https. No app is under \`/.factorgate\`. No upstream leads back to the gate.
- \`portal.rpId\` is the portal's host or a parent domain of it, but no public suffix (\`com\`, \`co.uk\`, \`github.io\`).
- The identity headers and fixed headers of an app differ from each other, also for servers that read \`_\` as \`-\`. None of them is a header that the request needs or that the gate sets.
- A rule with \`access: public\` or \`access: deny\` has no \`factors\` and no \`within\`.
- The gate can read the files of \`listen.tls\`, and they belong together. \`session.idle\` is not longer than \`session.absolute\`.

Some settings are allowed but cause a warning: rules that are never used, apps that are completely public, session limits above those of NIST SP 800-63B-4 at AAL2, networks of
proxies that are too wide, an https portal without TLS and without a proxy in front, an expired certificate, and every \`unsafe…\` key.
`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = path.dirname(fileURLToPath(import.meta.url))
  writeFileSync(path.join(folder, 'factorgate.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
  writeFileSync(path.join(folder, 'reference.md'), reference())
  for (const [name, text] of recipePages()) writeFileSync(path.join(folder, '../docs/apps', name), text)
}

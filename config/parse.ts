/**
 * Text → Config, or every problem at once. Owns the order: YAML, then the schema, then what follows from other keys, then checks;
 * refuses to hand out a configuration with any problem in it.
 */
import path from 'node:path'
import { checkConfig } from './checks.ts'
import { readYaml } from './document.ts'
import type { DraftConfig } from './draft.ts'
import type { Problem } from './problems.ts'
import { readDocument } from './read.ts'
import { inOrder, Reading } from './reading.ts'
import { type Config, configSchema } from './schema.ts'
import type { Node } from './vocabulary.ts'

/** `file` is absolute, `name` as the person named it and as problems call it; null and empty where there is no file. */
export type Loaded =
  | {
      readonly kind: 'ok'
      readonly config: Config
      readonly file: string
      readonly name: string
      readonly warnings: readonly Problem[]
      /** Every file whose change asks for a reload: this one, and the certificates, keys and secrets that it names. */
      readonly files: readonly string[]
      /** The key that names each of those other files. */
      readonly named: ReadonlyMap<string, string>
      /** Those of them that hold a secret, with the key that names each. */
      readonly secrets: ReadonlyMap<string, string>
      /** What `factorgate check` says besides: it may be meant. */
      readonly advice: readonly Problem[]
      /** A problem at the place where a key stands. */
      problemAt(path: string, message: string): Problem
    }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[]; readonly file: string | null; readonly name: string }

/**
 * Reads text as the content of `file`, which should be absolute: relative paths in the text start in its folder.
 * Never throws for anything a person wrote.
 */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv = {}): Loaded {
  return parseNamed(text, path.resolve(file), file, env)
}

/** `name` is what problems call the file. */
export function parseNamed(text: string, file: string, name: string, env: NodeJS.ProcessEnv): Loaded {
  const reading = new Reading({ file: name, folder: path.dirname(file), env })
  const yaml = readYaml(text, name)
  if (yaml.problems.length > 0) return { kind: 'bad', file, name, problems: inOrder(yaml.problems) }
  const draft = readDocument(configSchema as Node, yaml, reading) as DraftConfig | undefined
  if (draft !== undefined) {
    fillIn(draft)
    checkConfig(draft, Date.now(), reading)
  }
  if (reading.problems.length > 0) return { kind: 'bad', file, name, problems: inOrder(reading.problems) }
  // Without a problem nothing is missing: every `undefined` in a draft has one.
  const config = { ...draft, file } as Config
  return {
    kind: 'ok',
    config,
    file,
    name,
    warnings: inOrder(reading.warnings),
    files: [file, ...reading.files.keys()],
    named: reading.files,
    secrets: reading.secrets,
    advice: inOrder(reading.advice),
    problemAt: (at, message) => ({ file: name, ...reading.placeOf(at), path: at, message })
  }
}

/** Values that follow from others (`x-derived` in the schema). */
function fillIn(draft: DraftConfig): void {
  const { portal, factors } = draft
  if (portal !== undefined) portal.rpId ??= portal.url?.hostname
  if (factors?.totp !== undefined) factors.totp.issuer ??= portal?.title
  for (const app of draft.apps ?? []) if (app !== undefined) app.title ??= app.id
}

/** The command interface. Results go to stdout and messages to stderr, so that a pipe gets the result alone. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearest } from '../../config/values/invalid.ts'
import { withoutTricks } from '../audit/encode-event.ts'
import type { Clock } from '../clock.ts'
import { visible } from '../messages/visible.ts'

/** 0 success · 1 failure, or the answer is no · 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

/** A command's access to the process, which tests replace. */
export interface Io {
  stdout(text: string): void
  stderr(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute; paths in arguments are relative to it. */
  readonly cwd: string
  /** True if stdout is a terminal (colours, columns). */
  readonly isTTY: boolean
  /** The terminal's width in columns; absent if stdout is none. */
  readonly columns?: number | undefined
  /** True if stderr is a terminal (progress bar). */
  readonly isErrorTTY?: boolean
  /** Asks on stderr. Absent if stdin or stderr is no terminal. */
  readonly ask?: (question: string) => Promise<string>
  /** Standard input in pieces, a character for each byte. */
  readonly input?: () => AsyncIterable<string>
  readonly clock: Clock
  wait(milliseconds: number): Promise<void>
}

export interface Entry {
  /** `add` of `user add`. */
  readonly name: string
  readonly summary: string
  load(): Promise<{ readonly command: Command }>
}

export interface Command {
  /** `check`, `user add`. */
  readonly name: string
  readonly summary: string
  /** One line per form, with `factorgate` at its beginning. */
  readonly usage: readonly string[]
  /** The rest of the help page, with at least one example. */
  readonly help: string
  /** The commands of a group (`user`), whose `run` is never called. */
  readonly commands?: readonly Entry[]
  /** `args` follow the name, without `--help`; `program` lists all commands. Throws UsageError or PersonError for the user's mistakes. */
  run(args: readonly string[], io: Io, program?: Command): Promise<ExitCode>
}

/** Wrong usage: exit 2, the message, and a pointer to the help page. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A problem that the user can solve: exit 1. `message` says what is wrong and what to do. */
export class PersonError extends Error {
  override readonly name = 'PersonError'
}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>['values']

/** Throws UsageError for unknown options, missing values and a wrong number of `names`. A name with `?` at its end is optional; one with `…` takes the rest. */
export function readArgs<T extends Options>(
  args: readonly string[],
  options: T,
  names: readonly string[] = []
): { values: Parsed<T>; names: string[] } {
  let parsed: { values: Parsed<T>; positionals: string[]; tokens: readonly Token[] }
  try {
    parsed = parseArgs({ args: withIds(args, options), options, allowPositionals: true, strict: true, tokens: true })
  } catch (error) {
    throw new UsageError(sentenceOf((error as Error).message, Object.keys(options)))
  }
  refuseRepeated(parsed.tokens, options)
  // An empty value is often a shell variable that is not set. As a path it would be this folder.
  if ((parsed.values as { config?: unknown }).config === '')
    throw new UsageError('--config is empty: give it the path of a file')
  const empty = parsed.positionals.indexOf('')
  if (empty >= 0)
    throw new UsageError(`${(names[empty] ?? names.at(-1) ?? 'an argument').replace(/[?…]$/, '')} is empty`)
  const needed = names.filter(name => !name.endsWith('?') && !name.endsWith('…'))
  const missing = needed[parsed.positionals.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing`)
  const extra = names.at(-1)?.endsWith('…') ? undefined : parsed.positionals[names.length]
  if (extra !== undefined) {
    const isConfig = 'config' in options && !('config' in parsed.values) && /\.ya?ml$/i.test(extra)
    const meant = isConfig ? `; did you mean --config ${visible(extra)}?` : ''
    throw new UsageError(`there is one argument too many: '${visible(extra)}'${meant}`)
  }
  return { values: parsed.values, names: parsed.positionals }
}

/** One in 64 ids or public keys in base64url begins with a dash. */
const dashedId = /^-(?:[\w-]{21}|[\w-]{42})$/

/** Moves such ids to where the parser takes them for values: behind `--`, or into `--option=ID`. */
function withIds(args: readonly string[], options: Options): string[] {
  const end = args.indexOf('--')
  const before = end < 0 ? args : args.slice(0, end)
  const isId = (text: string) => dashedId.test(text) && options[text.slice(2)] === undefined
  const takesValue = (text: string | undefined) => text?.startsWith('--') && options[text.slice(2)]?.type === 'string'
  const parsed: string[] = []
  const ids: string[] = []
  for (const [place, arg] of before.entries()) {
    if (!isId(arg)) parsed.push(arg)
    else if (takesValue(before[place - 1])) parsed.push(`${parsed.pop()}=${arg}`)
    else ids.push(arg)
  }
  const rest = [...ids, ...(end < 0 ? [] : args.slice(end + 1))]
  return ids.length === 0 && end < 0 ? parsed : [...parsed, '--', ...rest]
}

interface Token {
  readonly kind: string
  readonly name?: string
  readonly value?: string | undefined
}

/** Node would keep only the last value, and the command would do a part of what was asked. */
function refuseRepeated(tokens: readonly Token[], options: Options): void {
  const first = new Map<string, string | undefined>()
  for (const { kind, name, value } of tokens) {
    if (kind !== 'option' || name === undefined || options[name]?.multiple === true) continue
    if (!first.has(name)) first.set(name, value)
    else if (first.get(name) !== value) throw new UsageError(`--${name} is given twice; give it once`)
  }
}

export function group(input: Pick<Command, 'name' | 'summary' | 'help'> & { commands: readonly Entry[] }): Command {
  return {
    ...input,
    usage: [`factorgate ${input.name} COMMAND …`],
    run: () =>
      Promise.reject(
        new UsageError(
          `${input.name} needs one of these commands: ${input.commands.map(({ name }) => name).join(', ')}`
        )
      )
  }
}

/** A value as indented JSON, safe for a terminal. */
export function jsonText(value: unknown): string {
  return `${withoutTricks(JSON.stringify(value, null, 2))}\n`
}

/** No foreign control character reaches the terminal. Line feeds, tabs and the progress bar's carriage return pass. */
export function withBelt(io: Io): Io {
  return {
    ...io,
    // Only colour.ts's codes pass; foreign text is made visible before.
    stdout: text => io.stdout(io.isTTY ? text.split(colour).map(printableOrColour).join('') : printable(text)),
    stderr: text => io.stderr(text.startsWith('\r') ? text : printable(text)),
    ...(io.ask === undefined ? {} : { ask: (question: string) => io.ask!(printable(question)) })
  }
}

const colour = /(\u001b\[(?:0|1;3[123])m)/

function printableOrColour(part: string): string {
  return colour.test(part) ? part : printable(part)
}

function printable(text: string): string {
  return text.replace(/[^\n\t]+/g, visible)
}

/** It suggests the option, or how to write a value with a dash at its beginning. */
function sentenceOf(message: string, options: readonly string[]): string {
  const said = firstSentence(message)
  const dashed = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(said)?.[1]
  if (dashed !== undefined) return `${dashed} needs a value; if the value begins with a dash, write ${dashed}=-VALUE`
  const unknown = /^Unknown option '--([^']*)'/.exec(said)?.[1]
  const close = unknown === undefined ? null : nearest(unknown, options)
  return close === null ? said : `${said}; did you mean --${close}?`
}

function firstSentence(message: string): string {
  return visible(message.split(/\.\s/, 1)[0]!.replace(/\.$/, ''))
}

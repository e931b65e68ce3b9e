/**
 * What a command is, and how it reads its arguments and says its mistakes. Owns exit codes and help pages; refuses to know any
 * single command. Results go to stdout, talk to stderr: a pipe gets the result alone.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearest } from '../../config/values/invalid.ts'
import { withoutTricks } from '../audit/encode-event.ts'
import type { Clock } from '../clock.ts'

/** 0 done · 1 it did not work, or the answer is no · 2 the command was called wrongly. */
export type ExitCode = 0 | 1 | 2

/** Everything of the process that a command may touch, so that tests can hand in their own. */
export interface Io {
  /** Writes `text` as it is: the result. */
  stdout(text: string): void
  /** Writes `text` as it is: talk, warnings, mistakes. */
  stderr(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. Paths in arguments are relative to it. */
  readonly cwd: string
  /** True where stdout is a terminal, so that colour and columns make sense. */
  readonly isTTY: boolean
  /** True where stderr is a terminal, so that a progress bar makes sense. */
  readonly isErrorTTY?: boolean
  readonly clock: Clock
  /** Resolves after so many milliseconds. */
  wait(milliseconds: number): Promise<void>
}

/** A command that is loaded when it is called, so that the others cost nothing. */
export interface Entry {
  /** The last word of the name: `add` of `user add`. */
  readonly name: string
  /** The summary of the command, again, for the list of commands. */
  readonly summary: string
  load(): Promise<{ readonly command: Command }>
}

export interface Command {
  /** As it is called: `check`, `user add`. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** One line a form, each beginning with `factorgate`. */
  readonly usage: readonly string[]
  /** The rest of the help page: options, what happens, and at least one example. */
  readonly help: string
  /** Set where the name is only half of a command (`user`); then `run` is never called. */
  readonly commands?: readonly Entry[]
  /** `args` is what stands behind the name. `--help` never gets here. Mistakes of the person are thrown as UsageError or PersonError. */
  run(args: readonly string[], io: Io): Promise<ExitCode>
}

/** Called wrongly: exit 2, the sentence, and a pointer to the help page. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something the person can mend: exit 1 and the sentence. `message` says what is wrong and what to do. */
export class PersonError extends Error {
  override readonly name = 'PersonError'
}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>['values']

/**
 * Reads arguments strictly: an unknown option, a missing value, or more or fewer names than `names` is a UsageError. A name that
 * ends with `?` may be left out; one that ends with `…` takes the rest.
 */
export function readArgs<T extends Options>(
  args: readonly string[],
  options: T,
  names: readonly string[] = []
): { values: Parsed<T>; names: string[] } {
  let parsed: { values: Parsed<T>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(sentenceOf((error as Error).message, Object.keys(options)))
  }
  const needed = names.filter(name => !name.endsWith('?') && !name.endsWith('…'))
  const missing = needed[parsed.positionals.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing`)
  const extra = names.at(-1)?.endsWith('…') ? undefined : parsed.positionals[names.length]
  if (extra !== undefined) throw new UsageError(`'${visible(extra)}' is one argument too many`)
  return { values: parsed.values, names: parsed.positionals }
}

/** A command that is a word of several others: `user`, with `user add` and the rest. */
export function group(input: Pick<Command, 'name' | 'summary' | 'help'> & { commands: readonly Entry[] }): Command {
  return {
    ...input,
    usage: [`factorgate ${input.name} COMMAND …`],
    run: () =>
      Promise.reject(new UsageError(`${input.name} needs one of: ${input.commands.map(({ name }) => name).join(', ')}`))
  }
}

/** A value as JSON over several lines, safe for a terminal; a program reads the same value from it. */
export function jsonText(value: unknown): string {
  return `${withoutTricks(JSON.stringify(value, null, 2))}\n`
}

/** Text of others made safe for a terminal: control, bidirectional and other invisible characters become escapes. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16).padStart(4, '0')}}`
  )
}

/**
 * `io` with a belt: whatever a command prints, no control character of somebody else's reaches the terminal. Line feeds and tabs pass, and on
 * standard error a progress bar, which begins with a carriage return.
 */
export function withBelt(io: Io): Io {
  return {
    ...io,
    stdout: text => io.stdout(printable(text)),
    stderr: text => io.stderr(text.startsWith('\r') ? text : printable(text))
  }
}

function printable(text: string): string {
  return text.replace(/[^\n\t]+/g, visible)
}

/** Node's own words, which leave two things open: which option was meant, and how a value that begins with a dash is written. */
function sentenceOf(message: string, options: readonly string[]): string {
  const said = firstSentence(message)
  const dashed = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(said)?.[1]
  if (dashed !== undefined) return `${dashed} needs a value; one that begins with a dash is written ${dashed}=-VALUE`
  const unknown = /^Unknown option '--([^']*)'/.exec(said)?.[1]
  const close = unknown === undefined ? null : nearest(unknown, options)
  return close === null ? said : `${said}; did you mean --${close}?`
}

function firstSentence(message: string): string {
  return visible(message.split(/\.\s/, 1)[0]!.replace(/\.$/, ''))
}

/**
 * Maps errors to one sentence and an exit code. The user's mistakes show no stack trace; bugs are shown whole, to be
 * reported.
 */
import { ConfigError } from '../../config/reading/diagnostics.ts'
import { GateError } from '../errors.ts'
import { AccountError } from '../identity/accounts.ts'
import { KeyFileError } from '../keyring/key-file.ts'
import { KeyringError } from '../keyring/keyring.ts'
import { StoreMisconfigured } from '../store/misconfigured.ts'
import { StoreUnreachable } from '../store/store.ts'
import { type ExitCode, type Io, PersonError, UsageError } from './command.ts'

/** Errors whose message is meant for the user. */
const printableErrors = [
  PersonError,
  KeyFileError,
  KeyringError,
  AccountError,
  ConfigError,
  StoreMisconfigured,
  StoreUnreachable,
  GateError
]

const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'that is a folder',
  EEXIST: 'something stands there already',
  ENOTSUP: 'no folder can be made there',
  EROFS: 'that disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EMFILE: 'too many files are open',
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'nobody knows that name',
  EAI_AGAIN: 'the name server does not answer'
}

/** Prints `error` of `command` on stderr and returns the exit code. */
export function reportError(error: unknown, command: string, io: Pick<Io, 'stderr'>): ExitCode {
  const sentence = sentenceOf(error)
  if (sentence === null) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.stderr(`factorgate: this is a bug in factorgate, please report it:\n${detail}\n`)
    return 1
  }
  io.stderr(`factorgate: ${sentence}\n`)
  if (!(error instanceof UsageError)) return 1
  io.stderr(`Try: factorgate ${command === '' ? '' : `${command} `}--help\n`)
  return 2
}

/** The sentence for the user; null for a bug. */
function sentenceOf(error: unknown): string | null {
  if (error instanceof UsageError) return error.message
  if (printableErrors.some(kind => error instanceof kind)) return (error as Error).message
  const trouble = error as SystemError
  const words = trouble.code === undefined ? undefined : wordsFor(trouble)
  if (words === undefined) return null
  const { path, syscall, address, port, hostname } = trouble
  const what = path ?? (address === undefined ? (hostname ?? syscall) : `${address}:${port}`)
  return what === undefined ? words : `${what}: ${words}`
}

interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
  /** The host that was looked up. */
  readonly hostname?: string
}

function wordsFor({ code = '', syscall, port }: SystemError): string | undefined {
  if (code !== 'EACCES' && code !== 'EPERM') return systemWords[code]
  const who = `this user (uid ${process.geteuid?.() ?? 'unknown'})`
  if (syscall === 'listen' && port !== undefined && port < 1024)
    return `${who} may not listen below 1024; choose a higher port, or grant CAP_NET_BIND_SERVICE (in systemd: AmbientCapabilities=)`
  return `${who} may not ${syscall === 'listen' ? 'listen there' : 'do that there'}; run this as the owner, or give this user the file or folder (chown)`
}

/** Maps errors to one sentence and an exit code. Only bugs show a stack trace. */

import { readFileSync } from 'node:fs'
import { ConfigError } from '../../config/reading/diagnostics.ts'
import { GateError } from '../errors.ts'
import { systemCode } from '../files/system-code.ts'
import { AccountError } from '../identity/accounts.ts'
import { KeyFileError } from '../keyring/key-file.ts'
import { KeyringError } from '../keyring/keyring.ts'
import { InheritedSocketError } from '../server/inherited-sockets.ts'
import { StoreMisconfigured } from '../store/misconfigured.ts'
import { StoreUnreachable } from '../store/store.ts'
import { type ExitCode, type Io, PersonError, UsageError } from './command.ts'

/** Errors whose messages are meant for the user. */
const printableErrors = [
  PersonError,
  KeyFileError,
  KeyringError,
  AccountError,
  ConfigError,
  StoreMisconfigured,
  StoreUnreachable,
  GateError,
  InheritedSocketError
]

const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'this is a folder, not a file',
  EEXIST: 'the file or folder exists already',
  ENOTSUP: 'a folder cannot be made there',
  EROFS: 'the disk is read-only; mount it for writing, or name the folder as ReadWritePaths= in the unit of systemd',
  ENOSPC: 'the disk is full',
  EIO: 'the disk answers with an error; look at the log of the system (dmesg)',
  ELOOP: 'the path goes through too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ELOCKED: 'another process holds its lock and does not let go',
  ETXTBSY: 'a program is using the file',
  EDQUOT: 'the disk quota is used up',
  ESTALE: 'the file server has replaced the folder; mount it again',
  EUCLEAN: 'the file system is damaged; look at the log of the system (dmesg)',
  ENOLCK: 'the file system takes no more locks',
  EMFILE: 'too many files are open; raise the limit of the process (ulimit -n; in systemd: LimitNOFILE=)',
  ENFILE: 'too many files are open on this machine',
  EADDRINUSE: 'another program listens on this address already; stop it, or choose another port',
  EADDRNOTAVAIL: 'this machine does not have this address; use one of its own, or 0.0.0.0 for all',
  ENOTFOUND: 'the name server does not know this name',
  EAI_AGAIN: 'the name server does not answer'
}

/** "the disk is full (ENOSPC)", or the code alone. */
export function inWords(code: string): string {
  return systemWords[code] === undefined ? code : `${systemWords[code]} (${code})`
}

/** Adds the path to a system error without one, such as that of a write to an open file. */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, path: known } = error as SystemError
    throw code === undefined || known !== undefined ? error : Object.assign(error as Error, { path })
  }
}

/** Prints the error on stderr and returns the exit code. */
export function reportError(error: unknown, command: string, io: Pick<Io, 'stderr'>): ExitCode {
  const sentence = sentenceOf(error)
  if (sentence === null) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.stderr(`factorgate: this is a bug in Factorgate. Please report it with this text:\n${detail}\n`)
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
  if (/^Cannot find (?:package|module) /.test(trouble?.message ?? '')) return ofMissingModule()
  const code = systemCode(trouble)
  const words = code === undefined ? undefined : wordsFor(code, trouble)
  if (words === undefined) return null
  const { path, syscall, address, port, hostname } = trouble
  const what = path ?? (address === undefined ? (hostname ?? syscall) : `${address}:${port}`)
  return what === undefined ? words : `${what}: ${words}`
}

/** Node.js says that a package is missing, too, if it cannot open its files. */
function ofMissingModule(): string | null {
  return mayOpenMany()
    ? null
    : `Node.js could not load the program, because this process may open too few files at once; raise the limit (ulimit -n ${filesEnough}; in systemd: LimitNOFILE=)`
}

/** Loading opens more than two hundred files at once. */
const filesEnough = 1024

function mayOpenMany(): boolean {
  try {
    const [, soft = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === '' || Number(soft) >= filesEnough
  } catch (error) {
    // Its files may still be open.
    return (error as NodeJS.ErrnoException).code !== 'EMFILE'
  }
}

interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
  /** The host that was looked up. */
  readonly hostname?: string
}

function wordsFor(code: string, { syscall, port }: SystemError): string | undefined {
  if (code !== 'EACCES' && code !== 'EPERM') return systemWords[code]
  const who = `this user (uid ${process.geteuid?.() ?? 'unknown'})`
  if (syscall === 'listen' && port !== undefined && port < 1024)
    return `${who} may not listen on a port below 1024; choose a higher port, or give the process CAP_NET_BIND_SERVICE (in systemd: AmbientCapabilities=)`
  if (syscall === 'listen') return `${who} may not listen there; choose another address or port`
  return `${who} has no permission for this; run the command as the owner, or make this user the owner of the file or folder (chown)`
}

/** A small file beside the journal with the end of the chain. It saves a search after a rotation, and shows `journal verify` that lines are missing. */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Signer } from '../keyring/keyring.ts'
import type { ChainEnd } from './chain.ts'
import { headText } from './checkpoint.ts'
import { openOwned } from './open-for-append.ts'

export interface ChainHead extends ChainEnd {
  /** The hash of the journal's first line; empty before it. */
  readonly chain: string
  /** `inode` is that of the file with the last line, `size` ends after it. */
  readonly inode: string
  readonly size: number
  readonly checkpoint: LastCheckpoint
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly key: string | null
  readonly sig: string | null
}

export interface LastCheckpoint {
  readonly seq: number
  readonly at: number
  /** The id of the signing key; null before the first checkpoint. */
  readonly key: string | null
}

export const noCheckpoint: LastCheckpoint = { seq: 0, at: 0, key: null }

/** Fixed, so that one write replaces everything. */
const bytes = 768

export const headFileOf = (journal: string) => `${journal}.head`

/** Null if missing or unreadable. */
export async function readHead(file: string): Promise<ChainHead | null> {
  try {
    const head = JSON.parse(await textOf(file)) as ChainHead
    const isWhole =
      Number.isSafeInteger(head.seq) && /^[0-9a-f]{64}$/.test(head.hash) && typeof head.checkpoint?.seq === 'number'
    return isWhole ? head : null
  } catch {
    return null
  }
}

/** Follows no link, and does not wait for a pipe. */
async function textOf(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2 * bytes), 0, 2 * bytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

const lookEveryMs = 1000

/** Keeps the file open, because opening it costs more than the rest of a batch. */
export class HeadWriter {
  readonly #file: string
  #handle: FileHandle | null = null
  #lookedAt = 0

  constructor(file: string) {
    this.#file = file
  }

  async write(head: Omit<ChainHead, 'key' | 'sig'>, signer: Signer | null): Promise<void> {
    const signature = signer === null ? null : signer.sign(headText(head))
    const text = JSON.stringify({ v: 1, ...head, key: signer?.keyId ?? null, sig: signature })
    const handle = await this.#open(performance.now())
    await handle.write(`${text.padEnd(bytes - 1)}\n`, 0)
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close().catch(() => {})
  }

  async #open(now: number): Promise<FileHandle> {
    if (this.#handle !== null && now - this.#lookedAt >= lookEveryMs) {
      const [ours, there] = await Promise.all([this.#handle.stat(), stat(this.#file).catch(() => null)])
      if (there === null || there.ino !== ours.ino || there.dev !== ours.dev) await this.close()
    }
    if (this.#handle !== null && now - this.#lookedAt < lookEveryMs) return this.#handle
    this.#lookedAt = now
    this.#handle ??= await openOwned(
      this.#file,
      constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
    )
    return this.#handle
  }
}

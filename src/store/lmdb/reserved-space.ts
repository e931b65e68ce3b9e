/** The space for writes that end access (FIELD A4): bytes after LMDB's last page, which no other program can take. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { newestMeta } from './whole-file.ts'

/** A commit copies some thirty 4 KiB pages and frees as many. */
const reserveBytes = 1024 * 1024
/** Beside the value: pages of five trees and the free list. */
const writeBytes = 96 * 1024
/** Sizes are rounded up to this, so that small values and links are refused at one point. */
const portionBytes = 64 * 1024
/** The file grows in these steps, otherwise every write would ask the disk. */
const stepBytes = 256 * 1024

const pageBytes = 4096

export class ReservedSpace {
  readonly #file: number
  #pendingBytes = 0
  /** A text, because some file systems do not store zeros. */
  #filling: Buffer | undefined

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR)
  }

  begin(bytes: number): () => void {
    const taken = Math.ceil((bytes + writeBytes) / portionBytes) * portionBytes
    this.#pendingBytes += taken
    return () => {
      this.#pendingBytes -= taken
    }
  }

  get suffices(): boolean {
    return this.#size() >= this.#needed()
  }

  /** Call it only inside a transaction, because LMDB appends only in a commit. Throws the system's error. */
  extend(): void {
    this.#filling ??= Buffer.alloc(stepBytes, 'factorgate keeps this room. ')
    let size = this.#size()
    const wanted = Math.ceil((this.#needed() + stepBytes) / pageBytes) * pageBytes
    try {
      while (size < wanted) {
        const written = writeSync(this.#file, this.#filling, 0, Math.min(wanted - size, stepBytes), size)
        if (written === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'ENOSPC' })
        size += written
      }
    } catch (error) {
      // Less than a whole step may be enough.
      if (!this.suffices) throw error
    }
  }

  get commit(): bigint | null {
    return newestMeta(this.#file)?.commit ?? null
  }

  get fileId(): string {
    const { dev, ino } = fstatSync(this.#file)
    return `${dev}:${ino}`
  }

  close(): void {
    closeSync(this.#file)
  }

  #size(): number {
    return fstatSync(this.#file).size
  }

  #needed(): number {
    return ((newestMeta(this.#file)?.lastPage ?? 0) + 1) * pageBytes + reserveBytes + this.#pendingBytes
  }
}

/** The last metadata of an address, kept on disk as received, for a gate that starts while the server is down. It checks signature and end again. */
import { closeSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import { makeFolder } from '../../ensure-directory.ts'

/** An MDQ server has a file for each provider that somebody asked for. */
const maxFiles = 5000

export class MetadataCopy {
  readonly #file: string
  readonly #written: string
  #descriptor: number | null = null
  #problem: string | null = null

  /** Never throws, and neither do the methods: the gate can do without a copy. */
  constructor(file: string) {
    this.#file = file
    this.#written = `${file}.${process.pid}-${threadId}`
    this.#try(() => {
      const folder = path.dirname(file)
      makeFolder(folder)
      if (readdirSync(folder).length >= maxFiles) throw new Error(`${folder} has ${maxFiles} files already`)
      rmSync(this.#written, { force: true })
      this.#descriptor = openSync(this.#written, 'wx', 0o600)
    })
  }

  write(chunk: Uint8Array): void {
    const descriptor = this.#descriptor
    if (descriptor === null || this.#problem !== null) return
    this.#try(() => {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at)
    })
  }

  /** Replaces the older copy. Answers why it does not, or null. */
  keep(): string | null {
    this.#close()
    if (this.#problem === null) this.#try(() => renameSync(this.#written, this.#file))
    if (this.#problem !== null) this.drop()
    return this.#problem
  }

  drop(): void {
    this.#close()
    this.#try(() => rmSync(this.#written, { force: true }))
  }

  #close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = null
    if (descriptor !== null) this.#try(() => closeSync(descriptor))
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#problem ??= (error as Error).message
    }
  }
}

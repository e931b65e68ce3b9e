/**
 * Connections that the primary has handed to a worker, until the worker says that it has them. Node forgets those of a worker that ends before
 * that: they stay open in the primary for ever, and nobody reads them.
 */
import type { Worker } from 'node:cluster'

interface Handle {
  close(): void
}

/** What `node:cluster` sends with a connection, and the worker's answer. */
interface Internal {
  readonly cmd?: string
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

const lookMs = 10

type Send = (this: unknown, message: Internal, handle?: Handle, ...rest: unknown[]) => boolean

/**
 * Closes what the worker has not taken when it ends. Nobody else may get such a connection: the worker may have read a part of it, and the
 * rest would look like a request.
 */
export function closeUntaken(worker: Worker): void {
  const child = worker.process
  const send = child.send as unknown as Send | undefined
  // It could not be started.
  if (send === undefined) return
  const untaken = new Map<number, Handle>()
  child.send = function (this: unknown, message: Internal, handle?: Handle, ...rest: unknown[]) {
    const { act, seq } = message
    if (act === 'newconn' && seq !== undefined && handle !== undefined) untaken.set(seq, handle)
    return send.call(this, message, handle, ...rest)
  } as unknown as typeof child.send
  child.on('internalMessage', ({ ack }: Internal) => {
    if (ack !== undefined) untaken.delete(ack)
  })
  const end = () => {
    // Its last answers are still to be read.
    if (child.connected) return void setTimeout(end, lookMs)
    for (const handle of untaken.values()) handle.close()
    untaken.clear()
  }
  child.once('exit', end)
}

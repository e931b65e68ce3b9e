/** Connections that the primary hands to a worker. If the worker ends before it takes them, Node leaves them open for ever, and nobody reads them. */
import type { Worker } from 'node:cluster'

interface Handle {
  close(): void
}

interface Internal {
  readonly cmd?: string
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

const lookMs = 10

type Send = (this: unknown, message: Internal, handle?: Handle, ...rest: unknown[]) => boolean

/** Nobody else may get such a connection: the worker may have read a part, and the rest would look like a request. */
export function closeUntaken(worker: Worker): void {
  const child = worker.process
  const send = child.send as unknown as Send | undefined
  // The worker could not be started.
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

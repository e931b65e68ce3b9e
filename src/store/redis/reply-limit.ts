/** Leaves a server whose answer does not end: the driver would keep a gigabyte in seconds. */

/** A page of a scan has a hundred values of a megabyte at most. */
const maxBytes = 128 * 1024 * 1024

interface Driver {
  on(event: string, listener: () => void): unknown
}

/** The oldest waiting command comes first. */
interface Connection {
  readonly stream: NodeJS.ReadableStream & { destroy(error: Error): void }
  readonly commandQueue: { peekFront(): unknown }
}

export function limitReplies(driver: Driver, limit = maxBytes): void {
  let isPushed = false
  // A notice of changes answers no command.
  driver.on('messageBuffer', () => {
    isPushed = true
  })
  driver.on('connect', () => {
    const { stream, commandQueue } = driver as unknown as Connection
    let waiting: unknown
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      const next = commandQueue.peekFront()
      bytes = next === waiting && !isPushed ? bytes + chunk.length : 0
      waiting = next
      isPushed = false
      if (bytes > limit) stream.destroy(new Error('an answer of it does not end'))
    })
  })
}

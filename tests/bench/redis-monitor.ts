/** Every command that a Redis executes, with its time (MONITOR), on a separate connection. */
import { once } from 'node:events'
import net from 'node:net'
import type { Ender } from '../fixtures/process/gate.ts'

export interface Command {
  /** Milliseconds since the epoch, by the server's clock, which is this machine's. */
  readonly at: number
  /** Lower case. */
  readonly name: string
  /** The first argument, or ''. */
  readonly key: string
  /** All arguments, as MONITOR prints them. */
  readonly text: string
  /** Called by a script. */
  readonly isNested: boolean
}

interface Monitor {
  readonly commands: Command[]
  /** Called for each from now on. */
  onCommand: ((command: Command) => void) | null
}

const line = /^\+(\d+\.\d+) \[\d+ ([^\]]+)\] "([^"]+)"(?: "((?:[^"\\]|\\.)*)")?/

export async function monitor(end: Ender, port: number): Promise<Monitor> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  end.teardown(() => socket.destroy())
  await once(socket, 'connect')
  const found: Monitor = { commands: [], onCommand: null }
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  socket.write('MONITOR\r\n')
  await once(socket, 'data')
  let rest = ''
  socket.on('data', part => {
    const lines = (rest + part).split('\r\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const match = line.exec(text)
      if (match === null) continue
      const [, seconds, from, name, key] = match
      const command = {
        at: Number(seconds) * 1000,
        name: name!.toLowerCase(),
        key: key ?? '',
        text,
        isNested: from === 'lua'
      }
      found.commands.push(command)
      found.onCommand?.(command)
    }
  })
  return found
}

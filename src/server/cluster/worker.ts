/**
 * One process of a crew: a Server that does what the crew says. Owns the words between the two; refuses to outlive the crew, and leaves
 * signals to it.
 */
import cluster from 'node:cluster'
import type { Logger } from 'pino'
import type { Config } from '../../../config/schema.ts'
import type { Clock } from '../../clock.ts'
import { Server } from '../server.ts'

/** What a worker is told or asked, and answers with: its address, what waits for a restart, nothing, what is wrong, what it counted. */
export type WorkerCommand =
  | { readonly ask: 'start'; readonly config: Config; readonly number: number; readonly of: number }
  | { readonly ask: 'reload'; readonly config: Config }
  | { readonly ask: 'reload keys' | 'look' | 'counted' | 'end' }

export type Asked = WorkerCommand & { readonly id: number }

/** `id` is that of what was asked; 0 says that it listens: what is sent before that is lost. */
export interface Answer {
  readonly id: number
  readonly value?: unknown
  /** In words. */
  readonly error?: string
}

export interface WorkerInput {
  readonly clock: Clock
  /** Its log, once it is known which one it is. */
  readonly logFor: (config: Config, number: number) => Logger
  /** Why it cannot start, as a person should read it. */
  readonly cannotStart: (error: unknown) => void
}

/** Serves until the crew says otherwise, or is gone. Answers the process' exit code; only of one process of a crew. */
export function work({ clock, logFor, cannotStart }: WorkerInput): Promise<0 | 1> {
  return new Promise(resolve => {
    let starting: Promise<Server> | undefined
    let log: Logger | undefined
    let code: 0 | 1 = 0
    // Otherwise Node ends the process the moment the crew is gone, whatever it has under way.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true
    const end = async (): Promise<void> => {
      // One that is still starting ends once it has.
      const server = await starting?.catch(() => undefined)
      try {
        await server?.close()
        resolve(code)
      } catch (error) {
        log?.error({ err: error }, 'did not end in order')
        resolve(1)
      }
    }
    const obey = async (asked: Asked): Promise<unknown> => {
      if (asked.ask === 'end') return end()
      if (asked.ask === 'start') {
        const { config, number, of } = asked
        log = logFor(config, number)
        starting = Server.start({ config, clock, log, worker: { number, of } })
        return (await starting).addresses.gate
      }
      const server = await starting
      if (server === undefined) throw new Error('not started')
      switch (asked.ask) {
        case 'reload':
          return server.reload(asked.config)
        case 'reload keys':
          return server.reloadKeys()
        case 'look':
          return server.look()
        case 'counted':
          return server.counted()
      }
    }
    process.on('message', (asked: Asked) => {
      obey(asked).then(
        value => answer({ id: asked.id, value }),
        error => {
          // Said before it is answered: the crew ends whoever could not start.
          if (asked.ask === 'start') cannotStart(error)
          answer({ id: asked.id, error: (error as Error).message })
          if (asked.ask === 'start') resolve(1)
        }
      )
    })
    answer({ id: 0 })
    // Whoever tells the crew to end (a terminal, systemd) often tells all its processes.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ignore)
    process.once('disconnect', () => void end())
    process.on('unhandledRejection', error => log?.error({ err: error }, 'a promise was rejected and nobody listened'))
    process.on('uncaughtException', error => {
      log?.fatal({ err: error }, 'an error nobody caught; ending')
      code = 1
      void end()
    })
  })
}

/** A crew that is gone hears nothing, and `disconnect` says so. */
function answer(words: Answer): void {
  process.send?.(words, undefined, undefined, ignore)
}

function ignore(): void {}

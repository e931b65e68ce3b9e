/**
 * One process of a crew: a Server that does what the crew says. Owns the words between the two; refuses to outlive the crew, and leaves
 * signals to it.
 */
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { Clock } from './clock.ts'
import { Server } from './server.ts'

/** What a worker is told or asked, and answers with: its address, what waits for a restart, nothing, what is wrong, what it counted. */
export type Orders =
  | { readonly ask: 'start'; readonly config: Config; readonly number: number; readonly of: number }
  | { readonly ask: 'reload'; readonly config: Config }
  | { readonly ask: 'reload keys' | 'look' | 'counted' | 'end' }

export type Asked = Orders & { readonly id: number }

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
    let server: Server | undefined
    let log: Logger | undefined
    let code: 0 | 1 = 0
    const end = () => {
      const done = server === undefined ? Promise.resolve() : server.close()
      done.then(
        () => resolve(code),
        error => {
          log?.error({ err: error }, 'did not end in order')
          resolve(1)
        }
      )
    }
    const obey = async (asked: Asked): Promise<unknown> => {
      if (asked.ask === 'start') {
        log = logFor(asked.config, asked.number)
        server = await Server.start({
          config: asked.config,
          clock,
          log,
          worker: { number: asked.number, of: asked.of }
        })
        return server.addresses.gate
      }
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
        case 'end':
          return end()
      }
    }
    process.on('message', (asked: Asked) => {
      obey(asked).then(
        value => process.send?.({ id: asked.id, value } satisfies Answer),
        error => {
          // Said before it is answered: the crew ends whoever could not start.
          if (asked.ask === 'start') cannotStart(error)
          process.send?.({ id: asked.id, error: (error as Error).message } satisfies Answer)
          if (asked.ask === 'start') resolve(1)
        }
      )
    })
    process.send?.({ id: 0 } satisfies Answer)
    // Whoever tells the crew to end (a terminal, systemd) often tells all its processes.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ignore)
    process.once('disconnect', end)
    process.on('unhandledRejection', error => log?.error({ err: error }, 'a promise was rejected and nobody listened'))
    process.on('uncaughtException', error => {
      log?.fatal({ err: error }, 'an error nobody caught; ending')
      code = 1
      end()
    })
  })
}

function ignore(): void {}

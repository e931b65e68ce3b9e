/** `factorgate demo`: runs gate, sample lab and embedded store in a temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { defaultConfig } from '../../config/load.ts'
import { SampleLab } from '../demo/sample-lab.ts'
import { Server } from '../server/server.ts'
import { type Command, type Io, PersonError, readArgs, UsageError } from './command.ts'
import { newLog } from './log.ts'
import { onNpmGone } from './npm-parent.ts'
import { ensureKey } from './serve.ts'

const usualPort = 8080

export const command: Command = {
  name: 'demo',
  summary: 'Run the gate in front of a sample lab. It keeps no data.',
  usage: ['factorgate demo [--port N]'],
  help: `
  --port N   the port on this machine (default: 8080, or a free port if 8080 is in use)

Prints the address and an invitation for a new user. Ctrl+C ends the demo and deletes its data.

Example:
  factorgate demo --port 9000
`,
  async run(args, io) {
    const { values } = readArgs(args, { port: { type: 'string' } })
    // This comes first, so that the directory is removed even if the start is interrupted.
    const end = ended(io.env)
    const port = await choosePort(values.port)
    const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-demo-'))
    const lab = await SampleLab.start({ port: 0 })
    let server: Server | undefined
    try {
      const config = demoConfig(folder, port, lab.url)
      await ensureKey(config)
      server = await Server.start({ config, clock: io.clock, log: newLog('warn', null) })
      const { accounts, invitations } = server.runtime
      const newcomer = await accounts.create({
        name: 'newcomer',
        displayName: 'New Comer',
        email: 'newcomer@lab.example',
        groups: ['researchers']
      })
      const token = await invitations.issue(newcomer.id)
      const { origin } = config.portal.url
      io.stdout(`
  Factorgate is serving the sample lab at

    ${origin}/

  You are invited as 'newcomer'. Open this invitation in a browser on this machine:

    ${origin}/.factorgate/invite/${token}

  Ctrl+C ends the demo and deletes its data.

`)
      await end
      return 0
    } finally {
      await server?.close()
      await lab.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function demoConfig(folder: string, port: number, upstream: string) {
  const config = defaultConfig({
    upstream,
    listenHost: '127.0.0.1',
    listenPort: port,
    cwd: folder,
    title: 'Sample Lab'
  })
  return {
    ...config,
    admin: false as const,
    shutdownTimeout: 2,
    apps: config.apps.map(app => ({
      ...app,
      id: 'lab',
      title: 'Lab portal',
      description: 'Samples, instruments and a console',
      // The lab's page says that calibration needs a fresh proof.
      rules: [...app.rules.map(rule => ({ ...rule, path: '/admin/**', within: 5 * 60 })), ...app.rules]
    }))
  }
}

async function choosePort(asked: string | undefined): Promise<number> {
  if (asked !== undefined) {
    if (!/^\d{1,5}$/.test(asked) || Number(asked) > 65_535)
      throw new UsageError(`--port must be a number up to 65535, got '${asked}'`)
    const port = await freePort(Number(asked))
    if (port === null)
      throw new PersonError(
        `port ${asked} is in use; choose another port, or leave --port out and the demo finds a free one`
      )
    return port
  }
  return (await freePort(usualPort)) ?? (await freePort(0)) ?? usualPort
}

/** The port if it is free (0: any), or null. */
function freePort(port: number): Promise<number | null> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen({ host: '127.0.0.1', port }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null))
    })
  })
}

/** Resolves on a signal, a closed terminal or the end of npm. */
function ended(env: Io['env']): Promise<void> {
  return new Promise(resolve => {
    const stopLooking = onNpmGone(env, () => end())
    const end = () => {
      stopLooking()
      resolve()
    }
    // A signal may come twice: npm passes on what the terminal sent to both.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
  })
}

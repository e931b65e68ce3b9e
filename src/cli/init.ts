/** `factorgate init`: creates a configuration, its key file and the first operator. It overwrites nothing and leaves nothing half-made. */
import { existsSync, lstatSync, statSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import path from 'node:path'
import { parseConfig } from '../../config/load.ts'
import { formatProblem, type Problem } from '../../config/reading/diagnostics.ts'
import type { Config } from '../../config/schema.ts'
import { initTemplate, type TemplateOptions } from '../../config/template.ts'
import { headFileOf } from '../audit/chain-head.ts'
import { journalFiles } from '../audit/journal-files.ts'
import { makeFolder } from '../ensure-directory.ts'
import { canonicalName } from '../identity/account.ts'
import { checkKey } from '../keyring/key-check.ts'
import { createKeyFile, readKeyFile } from '../keyring/key-file.ts'
import { visible } from '../messages/visible.ts'
import { knownStoresFile } from '../services/app-options.ts'
import { type Command, type Io, PersonError, readArgs, UsageError } from './command.ts'
import { withStore } from './command-context.ts'
import { naming } from './error-report.ts'
import { endingSignals } from './first-process.ts'
import { asOwnerOf, asSelf } from './owner.ts'
import { accountsAt, invite } from './user/person.ts'

export const command: Command = {
  name: 'init',
  summary: 'Write a first configuration and a key file, and invite the first operator.',
  usage: [
    'factorgate init [DIR] [--data DIR] [--portal URL] [--title TEXT] [--upstream URL] [--user NAME] [--tls-cert FILE --tls-key FILE]'
  ],
  help: `
  DIR             the folder for factorgate.yaml (default: this folder)
  --data DIR      the folder for store, key file and journal (default: 'var' beside the configuration)
  --portal URL    the address where people reach the gate (default: http://localhost:8443, or https with a certificate)
  --title TEXT    the name of the lab on the pages (default: Example Lab)
  --upstream URL  the first app (default: http://127.0.0.1:8888)
  --user NAME     the first operator (default: admin)
  --tls-cert FILE  the certificate. With it the gate serves https itself, on every address. It needs --tls-key FILE too

Prints one line, the invitation of the operator. The invitation works while the gate runs. It is valid for 24 hours and for one second
factor. The command never overwrites a file.

Example:
  factorgate init /etc/factorgate --data /var/lib/factorgate --portal https://gate.lab.example --title 'Example Lab'
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      {
        data: { type: 'string' },
        portal: { type: 'string' },
        title: { type: 'string' },
        upstream: { type: 'string' },
        user: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' }
      },
      ['DIR?']
    )
    const name = canonicalName(values.user ?? 'admin')
    if (name === undefined)
      throw new UsageError(`--user '${visible(values.user ?? '')}' is not a valid user name: use a-z 0-9 . _ + -`)
    const { 'tls-cert': cert, 'tls-key': key } = values
    if ((cert === undefined) !== (key === undefined))
      throw new UsageError('--tls-cert and --tls-key must be used together')
    const folder = path.resolve(io.cwd, names[0] ?? '.')
    const file = path.join(folder, 'factorgate.yaml')
    const text = initTemplate({
      ...(values.data === undefined ? {} : { dataFolder: path.resolve(io.cwd, values.data) }),
      ...(cert === undefined || key === undefined
        ? {}
        : { tls: { cert: path.resolve(io.cwd, cert), key: path.resolve(io.cwd, key) } }),
      ...(values.portal === undefined ? {} : { portalUrl: values.portal }),
      ...(values.title === undefined ? {} : { title: values.title }),
      ...(values.upstream === undefined ? {} : { upstream: values.upstream })
    } satisfies TemplateOptions)
    const { config, warnings } = checked(text, file)
    await refuseIfThere(file, config)
    const made: string[] = []
    let signal: NodeJS.Signals | null = null
    const onSignal = (asked: NodeJS.Signals) => {
      signal = asked
      ignoreSignals()
    }
    // A second signal ends the process as usual.
    const ignoreSignals = () => {
      for (const each of endingSignals) process.off(each, onSignal)
    }
    for (const each of endingSignals) process.on(each, onSignal)
    try {
      await writeFiles(file, text, config, path => made.push(path))
      return await withStore(io, { config: file, changes: 'grant', mayCreate: true }, async place => {
        // Binds the store to this key; with another one no gate starts.
        await checkKey(place.store, await asSelf(() => readKeyFile(config.keyFile)), config.keyFile)
        const account = await accountsAt(place).create({ name, groups: ['operators'] })
        await place.record({ kind: 'user.change', account: account.id, name, outcome: 'added', groups: 'operators' })
        const url = await invite(place, account)
        if (signal !== null) throw new PersonError('broken off; nothing was made')
        sayNext(io, file, config, name, warnings)
        io.stdout(`${url}\n`)
        return 0
      })
    } catch (error) {
      for (const path of made) await asOwnerOf(path, () => rm(path, { recursive: true, force: true }))
      ignoreSignals()
      if (signal !== null) process.kill(process.pid, signal)
      throw error
    } finally {
      ignoreSignals()
    }
  }
}

/** `onMade` gets each path before the next is made, also of store and journal. */
async function writeFiles(file: string, text: string, config: Config, onMade: (path: string) => void): Promise<void> {
  const ensure = (folder: string, mode: number) => {
    const topmost = makeFolder(folder, mode)
    if (topmost !== null) onMade(topmost)
  }
  await asOwnerOf(file, async () => {
    ensure(path.dirname(file), 0o755)
    const handle = await open(file, 'wx', 0o644)
    onMade(file)
    await naming(file, () => handle.writeFile(text)).finally(() => handle.close())
  })
  // A link to a place that is not there yet is the operator's.
  const missing = filesOf(config).filter(each => lstatSync(each, { throwIfNoEntry: false }) === undefined)
  await asOwnerOf(config.keyFile, async () => {
    ensure(path.dirname(config.keyFile), 0o700)
    await createKeyFile(config.keyFile)
  })
  for (const each of missing) onMade(each)
}

/** What the key file, the store and the journal leave on the disk. */
function filesOf(config: Config): string[] {
  const { file } = config.journal
  const known = knownStoresFile(config)
  return [config.keyFile, storePath(config), file, headFileOf(file), `${file}.lock`, ...(known === null ? [] : [known])]
}

/** The filled template, checked as by `check`. */
function checked(text: string, file: string): { config: Config; warnings: readonly Problem[] } {
  const parsed = parseConfig(text, file)
  if (parsed.kind === 'ok') return parsed
  const optionOf: Record<string, string> = {
    'portal.url': '--portal',
    'portal.title': '--title',
    'apps[0].upstream': '--upstream',
    'listen.tls.cert': '--tls-cert',
    'listen.tls.key': '--tls-key'
  }
  // The app's address derives from the portal's and repeats its problems.
  const own = parsed.problems.filter(({ path }) => path !== 'apps[0].url')
  const said = own.map(problem => {
    const option = optionOf[problem.path]
    return option === undefined ? formatProblem(problem) : `${option} ${problem.message}`
  })
  throw new UsageError(said.join('; '))
}

async function refuseIfThere(file: string, config: Config): Promise<void> {
  const there = [file, ...filesOf(config)].filter(existsSync)
  if (there.length === 0) return
  const sentence = `there is already ${there.join(', ')}; init never overwrites a file`
  if (!(await hasBegun(config.journal.file)))
    throw new PersonError(
      `${sentence}: choose another folder. If this is the rest of an init that was broken off, remove it and begin again`
    )
  if (there.includes(file)) throw new PersonError(`${sentence}: choose another folder`)
  throw new PersonError(
    `${sentence}. To use this data again, put its configuration ${file} back. If that is lost, let init write one in another folder, and name these paths in its keys store, keyFile and journal`
  )
}

/** Whether a journal has lines, so that somebody has used what lies beside it. */
async function hasBegun(journal: string): Promise<boolean> {
  return (await journalFiles(journal)).some(file => statSync(file).size > 0)
}

function storePath({ store }: Config): string {
  if (store.kind !== 'embedded') throw new Error('the template has an embedded store')
  return store.path
}

function sayNext(io: Io, file: string, config: Config, name: string, warnings: readonly Problem[]): void {
  // Paths are relative below this directory.
  const shown = (file_: string) => {
    const short = path.relative(io.cwd, file_)
    return short.startsWith('..') || path.isAbsolute(short) ? file_ : short || '.'
  }
  io.stderr(`${shown(file)}: the configuration, with comments
${shown(config.keyFile)}: the key file; keep a copy in a safe place
'${name}' is the first operator. Start the gate, then open the invitation below within 24 hours:

  factorgate serve --config ${shown(file)}

`)
  for (const warning of warnings) io.stderr(`warning: ${formatProblem({ ...warning, file: shown(file) })}\n\n`)
}

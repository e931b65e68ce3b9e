/** `factorgate evidence`: a signed folder for a security officer, and its check. */

import path from 'node:path'
import type { PseudonymisedField } from '../audit/pseudonyms.ts'
import { systemCode } from '../files/system-code.ts'
import { readKeyFile } from '../keyring/key-file.ts'
import { visible } from '../messages/visible.ts'
import { type Command, type ExitCode, type Io, jsonText, PersonError, readArgs, UsageError } from './command.ts'
import { type CommandContext, configHelp, configOption, withStore } from './command-context.ts'
import { instant } from './journal/instant.ts'
import { asSelf } from './owner.ts'

const options = {
  ...configOption,
  from: { type: 'string' },
  to: { type: 'string' },
  advisories: { type: 'string' },
  pseudonyms: { type: 'boolean' },
  verify: { type: 'boolean' },
  key: { type: 'string', multiple: true },
  json: { type: 'boolean' }
} as const
const everyField: readonly PseudonymisedField[] = ['user', 'client', 'path']

export const command: Command = {
  name: 'evidence',
  summary: 'Write a signed folder of evidence for a security officer.',
  usage: [
    'factorgate evidence [--from WHEN] [--to WHEN] [--advisories FILE] [--pseudonyms] [--json] DIR',
    'factorgate evidence --verify [--key KEY] [--json] DIR'
  ],
  help: `
  DIR                the new or empty folder. It gets mode 0700
  --from WHEN        the earliest time: 2026-11-28, 2026-11-28T09:30:00Z, or a time ago such as 2h, 30d. All times are UTC
                     (default: the beginning of the journal)
  --to WHEN          the latest time, in the same form. A day includes its last second (default: now)
  --advisories FILE  known faults of packages, as OSV entries or as 'npm audit --json' prints them. Nothing is asked of the network
  --pseudonyms       pseudonyms in place of names, addresses and paths, as the journal has them where 'pseudonyms' is configured
  --verify           check that the folder is what the gate signed
  --key KEY          the public key for the check, or a file that holds it (see 'factorgate journal key'). Default: the key of the
                     configuration; without one the key in the folder, which vouches for itself
  --json             the figures, or the result of the check, as an object
${configHelp}

The folder holds evidence.html, which needs no network and can be printed, the same as CSV files, the journal's proof, the bill of
materials, and SHA256SUMS with the gate's signature. docs/evidence.md says what each file is. Exit code 1: the folder is written, and the
journal is not whole; or it could not be written; or the check found something.

Example:
  factorgate evidence --from 2026-11-01 --to 2026-11-30 --advisories osv.json /srv/evidence/2026-11
  factorgate evidence --verify --key journal-key.txt /media/usb/2026-11
`,
  async run(args, io) {
    const { values, names } = readArgs(args, options, ['DIR'])
    const given = names[0]!
    if (values.verify) {
      const extra = (['from', 'to', 'advisories', 'pseudonyms'] as const).find(name => values[name] !== undefined)
      if (extra !== undefined) throw new UsageError(`--${extra} has no use with --verify`)
      const { verifyCommand } = await import('./evidence/verify.ts')
      return verifyCommand(given, values, io)
    }
    if (values.key !== undefined) throw new UsageError('--key has a use only with --verify')
    const from = instant('--from', values.from, io)
    const to = instant('--to', values.to, io)
    if (from > to) throw new UsageError('--from must be earlier than --to')
    if (from > io.clock()) throw new UsageError(`--from must not be in the future, got '${visible(values.from ?? '')}'`)
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const { journal } = place.config
      const hidden = values.pseudonyms ? everyField : journal.pseudonyms
      const advisories = values.advisories === undefined ? null : path.resolve(io.cwd, values.advisories)
      return write(place, path.resolve(io.cwd, given), { from, to, advisories, hidden }, values.json === true, io)
    })
  }
}

type Asked = Parameters<typeof import('./evidence/make.ts')['makeEvidence']>[3]

async function write(place: CommandContext, target: string, asked: Asked, isJson: boolean, io: Io): Promise<ExitCode> {
  const { EvidenceFolder } = await import('./evidence/folder.ts')
  const { makeEvidence } = await import('./evidence/make.ts')
  const { summaryOf } = await import('./evidence/tables.ts')
  const keyring = await asSelf(() => readKeyFile(place.config.keyFile, io.env))
  const folder = await EvidenceFolder.create(target)
  let evidence: Awaited<ReturnType<typeof makeEvidence>>
  try {
    evidence = await makeEvidence(place, folder, keyring, asked, io)
  } catch (error) {
    await folder.discard()
    const { path: at } = error as NodeJS.ErrnoException
    if (['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '') && at !== undefined)
      throw new PersonError(`the disk of ${visible(target)} is full; the unfinished evidence was removed`)
    throw error
  }
  const { gaps, proof, signer } = evidence
  const files = folder.sums.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }))
  const { keyId, publicKey } = signer
  if (isJson) io.stdout(jsonText({ folder: target, ...summaryOf(evidence), files, signedBy: { keyId, publicKey } }))
  else io.stdout(`${visible(target)}: ${files.length} files, signed with ${publicKey}. Open evidence.html.\n`)
  for (const { text } of gaps.filter(({ isSerious }) => isSerious)) io.stderr(`look at this: ${text}\n`)
  return proof.fault === null ? 0 : 1
}

/**
 * `factorgate journal verify`: proves a journal's files, or names the first wrong line. It needs neither gate nor store, but asks a
 * configured store for the anchor.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '../../../config/schema.ts'
import { type Anchor, anchorId, anchorRecord } from '../../audit/anchor.ts'
import { headFileOf, readHead } from '../../audit/chain-head.ts'
import { readPublicKey } from '../../audit/checkpoint.ts'
import { lineInWords } from '../../audit/file-lines.ts'
import { journalPurpose } from '../../audit/journal.ts'
import { type JournalProof, verifyAnchored } from '../../audit/verify-journal.ts'
import { readKeyFile } from '../../keyring/key-file.ts'
import { visible } from '../../messages/visible.ts'
import { storeOf } from '../../services/app-options.ts'
import { loadDriver, openStore } from '../../store/open.ts'
import { type Command, type Io, jsonText, readArgs, UsageError } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'
import { Progress } from '../progress.ts'
import { counted } from '../table.ts'
import { givenFiles, journalFiles } from './files.ts'

const options = {
  ...configOption,
  key: { type: 'string', multiple: true },
  end: { type: 'string', multiple: true },
  part: { type: 'boolean' },
  json: { type: 'boolean' }
} as const

export const command: Command = {
  name: 'journal verify',
  summary: 'Prove that the journal is whole, or name the first line that is not.',
  usage: ['factorgate journal verify [--key KEY] [--end SEQ:HASH] [--part] [--json] [FILE…]'],
  help: `
  --key KEY        the public key that signs the journal, or a file that holds it (see 'factorgate journal key'). Repeat it for more keys.
                   Default: the key of the configuration; with FILE none, and then the first checkpoint vouches for itself
  --end SEQ:HASH   an end of the journal that was noted earlier, as this command prints it: the line must still be there
  --part           accept files that begin in the middle of the journal
  --json           the result as an object
  FILE             the files of the journal in any order, also packed ones (.gz). A file that ends in .head says where the journal ends
                   (default: the journal of the configuration, its rotated files and its head file, and the end that the store remembers)
${configHelp}

Exit code 0: every line is there, once, in order and unchanged. Exit code 1: it is not; the first wrong line is named. Lines after the last
checkpoint are chained and not signed yet. docs/journal.md says what this proves.

Example:
  factorgate journal verify
  factorgate journal verify --key journal-key.txt /mnt/evidence/journal.jsonl*
`,
  async run(args, io) {
    const { values, names } = readArgs(args, options, ['FILE…'])
    const given = names.map(name => path.resolve(io.cwd, name))
    const config = given.length > 0 && values.config === undefined ? null : await configFor(io, values.config)
    const current = given.length > 0 ? null : config!.journal.file
    const heads = current === null ? headsOf(given) : [headFileOf(current)]
    const head = (await Promise.all(heads.map(readHead))).find(one => one !== null) ?? null
    const isOther = (file: string) => /\.(?:head|lock)$|\.index(?:$|\/)/.test(file)
    const files =
      current === null
        ? await givenFiles(
            given.filter(file => !isOther(file)),
            io
          )
        : await journalFiles(current)
    const keys = values.key?.flatMap(key => keysOf(key, io)) ?? (await configuredKeys(config?.keyFile, io))
    const known = values.end?.map(endOf) ?? []
    const anchor = current === null ? null : await anchorFor(config!, io)
    const progress = new Progress(io, 'lines')
    const { proof, isAnchorForeign } = await verifyAnchored({
      files,
      keys,
      head,
      known,
      anchor,
      isPart: values.part === true,
      onProgress: progress.at
    }).finally(() => progress.end())
    if (isAnchorForeign)
      io.stderr('note: what the store remembers of the journal is not signed with this key, so it does not count\n')
    if (values.json) io.stdout(jsonText(resultOf(proof)))
    else printProof(proof, head !== null || known.length > 0 || (anchor !== null && !isAnchorForeign), io)
    return proof.fault === null ? 0 : 1
  }
}

/** Null if the store has none, or cannot be asked. */
async function anchorFor(config: Config, io: Io): Promise<Anchor | null> {
  const { store, journal } = config
  if (store.kind === 'embedded' && !existsSync(store.path)) return null
  try {
    const address = storeOf(config, io.clock)
    await loadDriver(address.url)
    const opened = await openStore(address.url, address.options)
    try {
      return await anchorRecord.get(opened, anchorId(journal.file, store.kind !== 'embedded'))
    } finally {
      await opened.close()
    }
  } catch (error) {
    io.stderr(`note: the store cannot be asked where the journal ends: ${visible((error as Error).message)}\n`)
  }
  return null
}

/** The head files among the files, or beside them. */
function headsOf(files: readonly string[]): string[] {
  const named = files.filter(file => file.endsWith('.head'))
  return named.length > 0 ? named : files.map(headFileOf)
}

export async function configuredKeys(keyFile: string | undefined, io: Io): Promise<string[]> {
  if (keyFile === undefined) return []
  return (await readKeyFile(keyFile, io.env)).signers(journalPurpose).map(({ publicKey }) => publicKey)
}

export function keysOf(text: string, io: Io): string[] {
  if (readPublicKey(text) !== null) return [text]
  let content: string
  try {
    content = readFileSync(path.resolve(io.cwd, text), 'utf8')
  } catch {
    throw new UsageError(`--key must be a public key of 43 characters or a file that holds one, got '${visible(text)}'`)
  }
  const keys = content.split(/\s+/).filter(word => readPublicKey(word) !== null)
  if (keys.length === 0)
    throw new UsageError(`the file ${visible(text)} holds no public key; 'factorgate journal key' prints it`)
  return keys
}

function endOf(text: string): { seq: number; hash: string } {
  const [, seq = '', hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? []
  if (seq === '') throw new UsageError(`--end must be a number and a hash such as 4711:9f86d0…, got '${visible(text)}'`)
  return { seq: Number(seq), hash }
}

export function resultOf(proof: JournalProof) {
  const { fault, end, ...rest } = proof
  const { place } = fault ?? { place: null }
  return {
    ok: fault === null,
    fault:
      fault === null
        ? null
        : { kind: fault.kind, file: place?.file ?? null, line: place?.line ?? null, text: fault.text },
    end: `${end.seq}:${end.hash}`,
    ...rest
  }
}

function printProof(proof: JournalProof, isEndKnown: boolean, io: Io): void {
  const { fault, lines, first, end, from, to, checkpoints, signedTo, isSelfVouched, keys, before, notes } = proof
  for (const note of notes) io.stderr(`note: ${note}\n`)
  if (before > 0)
    io.stderr(`note: ${counted(before, 'line')} of an older release ${before === 1 ? 'is' : 'are'} in no chain\n`)
  if (isSelfVouched && keys.length > 0)
    io.stderr(
      `warning: no key was given, so the journal vouches for itself with ${keys[0]}. Compare it with 'factorgate journal key', or give it with --key\n`
    )
  if (fault !== null) {
    io.stdout(`${fault.place === null ? '' : `${lineInWords(fault.place)}: `}${fault.text}\n`)
    const rightTo = fault.rightTo ?? end.seq
    if (lines > 0 && rightTo >= first) io.stderr(`lines ${first} to ${rightTo} are right\n`)
    return
  }
  if (checkpoints === 0)
    io.stderr('warning: there is no signed checkpoint, so whoever could write the files could rewrite all of it\n')
  else if (signedTo < end.seq)
    io.stderr(
      `note: ${counted(end.seq - signedTo, 'line')} after the last checkpoint ${end.seq - signedTo === 1 ? 'is' : 'are'} not signed yet\n`
    )
  if (!isEndKnown)
    io.stderr(`note: without a head file or --end nobody can tell whether lines after line ${end.seq} were cut off\n`)
  io.stdout(
    `The journal is whole: ${counted(lines, 'line')}, ${from} to ${to}, ${counted(checkpoints, 'checkpoint')}.\n`
  )
  io.stdout(`Its end is ${end.seq}:${end.hash}\n`)
}

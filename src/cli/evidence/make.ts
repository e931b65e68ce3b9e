/** Gathers the evidence of a range and writes its folder. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import type { Config } from '../../../config/schema.ts'
import { toHtml } from '../../../plugins/portal/layout.tsx'
import { type Anchor, anchorId, anchorRecord } from '../../audit/anchor.ts'
import { headFileOf, readHead } from '../../audit/chain-head.ts'
import { journalPurpose } from '../../audit/journal.ts'
import { journalFiles } from '../../audit/journal-files.ts'
import type { PseudonymisedField } from '../../audit/pseudonyms.ts'
import { type VerifyInput, verifyAnchored } from '../../audit/verify-journal.ts'
import { billIn } from '../../evidence/bill-file.ts'
import type { UnusualPolicy } from '../../evidence/budget-sentence.ts'
import type { AppEvidence, Evidence } from '../../evidence/evidence.ts'
import { gapsOf } from '../../evidence/gaps.ts'
import { EvidencePage } from '../../evidence/page.tsx'
import { Pseudonymiser } from '../../evidence/pseudonymiser.ts'
import { pemOf, publicKeyFile, signatureFile, signSums, sumsFile, sumsText } from '../../evidence/sums.ts'
import { stepsOf } from '../../evidence/time-steps.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import { programFolder, release } from '../../metrics/release.ts'
import { toApp } from '../../services/app-options.ts'
import { toBudget } from '../../services/watching.ts'
import type { Io } from '../command.ts'
import type { CommandContext } from '../command-context.ts'
import { nodeReleaseWarning } from '../node-release.ts'
import { asSelf } from '../owner.ts'
import { withProgress } from '../progress.ts'
import { advisoryReport } from './advisory-file.ts'
import type { EvidenceFolder } from './folder.ts'
import { journalBegin, readJournal } from './journal-pass.ts'
import { readPeople } from './people.ts'
import { tablesOf } from './tables.ts'
import { unsafeKeysOf } from './unsafe-keys.ts'

export interface Asked {
  /** Milliseconds since the epoch; infinite without a wish. */
  readonly from: number
  readonly to: number
  /** An absolute path. */
  readonly advisories: string | null
  readonly hidden: readonly PseudonymisedField[]
}

/** Writes the folder and signs it. */
export async function makeEvidence(
  place: CommandContext,
  folder: EvidenceFolder,
  keyring: Keyring,
  asked: Asked,
  io: Io
): Promise<Evidence> {
  const bill = billIn(programFolder())
  const evidence = await gather(place, folder, keyring, asked, bill?.components ?? null, io)
  for (const [name, text] of Object.entries(tablesOf(evidence)))
    await folder.write(name as keyof ReturnType<typeof tablesOf>, text)
  if (bill !== null) await folder.write('sbom.cdx.json', bill.text)
  await folder.write(publicKeyFile, pemOf(evidence.signer.publicKey))
  await folder.write('evidence.html', toHtml(EvidencePage({ evidence })))
  const files = [...folder.sums].sort((a, b) => (a.name < b.name ? -1 : 1))
  const sums = sumsText(files, remarksOf(evidence))
  await folder.write(sumsFile, sums)
  await folder.write(signatureFile, signSums(sums, keyring.signers(journalPurpose)[0]!))
  await folder.finish(['evidence.html', sumsFile, signatureFile])
  return evidence
}

/** Lists of single events go into the folder as they are read. */
async function gather(
  place: CommandContext,
  folder: EvidenceFolder,
  keyring: Keyring,
  asked: Asked,
  components: Evidence['components'],
  io: Io
): Promise<Evidence> {
  const { config } = place
  const madeAt = io.clock()
  const journalFrom = await journalBegin(config.journal.file)
  const to = Math.min(asked.to, madeAt)
  const from = Number.isFinite(asked.from) ? asked.from : Math.min(journalFrom ?? to, to)
  const times = stepsOf(from, to)
  const pseudonymiser = new Pseudonymiser(asked.hidden, keyring)
  const advisoryFile = asked.advisories
  const advisories = advisoryFile === null ? null : await asSelf(() => advisoryReport(advisoryFile, components ?? []))
  // The lines are counted before the proof, so that the proof covers all of them.
  const pass = await readJournal(config.journal.file, { from, to, times }, { folder, pseudonymiser, io })
  const head = await readHead(headFileOf(config.journal.file))
  const keys = keyring.signers(journalPurpose).map(({ publicKey }) => publicKey)
  const anchor = await anchorOf(place)
  const { proof, isAnchorForeign } = await proofOf(config, { keys, head, anchor }, io)
  const people = await readPeople(place, { folder, pseudonymiser, keyring, io })
  const known = {
    title: config.portal.title,
    portal: await place.portalUrl(),
    from,
    to,
    madeAt,
    release: release(),
    configuration: { file: config.file, sha256: config.file === null ? null : await hashOf(config.file) },
    apps: appsOf(config, pseudonymiser),
    unusual: unusualOf(config),
    budgets: (config.watch?.budgets ?? []).map(toBudget),
    people,
    figures: pass.figures,
    proof,
    head,
    versions: versionsOf(config),
    components,
    advisories,
    hidden: [...pseudonymiser.kinds]
  }
  const gaps = gapsOf({
    ...known,
    askedFrom: Number.isFinite(asked.from) ? asked.from : null,
    askedTo: Number.isFinite(asked.to) ? asked.to : null,
    journalFrom,
    isAnchorForeign,
    unread: pass.unread,
    unsafeKeys: unsafeKeysOf(config),
    isShared: config.store.kind !== 'embedded',
    nodeWarning: nodeReleaseWarning(process.versions.node, madeAt)
  })
  const signer = keyring.signers(journalPurpose)[0]!
  return { ...known, times, gaps, newest: pass.newest, signer }
}

/** The anchor as `journal verify` asks for it. */
function anchorOf({ store, config }: CommandContext): Promise<Anchor | null> {
  return anchorRecord.get(store, anchorId(config.journal.file, config.store.kind !== 'embedded'))
}

/** The result of `journal verify` over all files. */
async function proofOf(
  { journal }: Config,
  ends: Pick<VerifyInput, 'keys' | 'head'> & { readonly anchor: Anchor | null },
  io: Io
): ReturnType<typeof verifyAnchored> {
  const files = await journalFiles(journal.file)
  return withProgress(io, 'lines proved', null, onProgress => verifyAnchored({ ...ends, files, onProgress }))
}

function appsOf(config: Config, pseudonymiser: Pseudonymiser): AppEvidence[] {
  return config.apps.map(one => {
    const { id, title, origin, prefix, policy, tokens, upstreamLogin, isReportOnly } = toApp(
      one,
      config.portal.url.origin,
      config.apps
    )
    const rules = policy.rules.map(rule =>
      rule.users === undefined ? rule : { ...rule, users: rule.users.map(user => pseudonymiser.of('user', user)) }
    )
    const flags = {
      isReportOnly: isReportOnly === true,
      takesTokens: tokens != null,
      keepsLogins: upstreamLogin != null
    }
    return { id, title, url: `${origin}${prefix}/`, policy: { ...policy, rules }, ...flags }
  })
}

function unusualOf({ watch }: Config): UnusualPolicy | null {
  const unusual = watch?.unusual ?? null
  if (unusual === null) return null
  const { learn, strange, alarming, extreme } = unusual
  return { learnSeconds: learn, strange, alarming, extreme }
}

function versionsOf({ store }: Config): [string, string][] {
  return [
    ['Node.js', process.versions.node],
    ['OpenSSL', process.versions.openssl],
    ['System', `${os.type()} ${os.release()} ${os.arch()}`],
    ['Store', store.kind === 'embedded' ? 'embedded (LMDB), this machine alone' : 'Redis']
  ]
}

/** They stand in the signed list, which then says what it is about. */
function remarksOf({ title, portal, from, to, madeAt, release: version, proof, signer }: Evidence): string[] {
  const iso = (at: number) => new Date(at).toISOString()
  return [
    `${title}, ${portal}`,
    `range ${iso(from)} to ${iso(to)}`,
    `made ${iso(madeAt)} by factorgate ${version}, key ${signer.keyId}`,
    `journal ${proof.fault === null ? 'whole' : 'NOT whole'}, end ${proof.end.seq}:${proof.end.hash}`
  ]
}

async function hashOf(file: string): Promise<string> {
  const bytes = await asSelf(() => readFile(file))
  return createHash('sha256').update(bytes).digest('hex')
}

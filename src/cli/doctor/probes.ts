/** The probes of `factorgate doctor`, in the order of their results. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Problem } from '../../../config/reading/diagnostics.ts'
import { accessTrouble, isHidden } from '../access-trouble.ts'
import { type Examined, examine } from '../check/examine.ts'
import type { Sound } from '../check/finding.ts'
import type { Io } from '../command.ts'
import { probeInstitutions } from '../probes/institutions.ts'
import { probeApps } from './apps.ts'
import { examineCertificate } from './certificate.ts'
import { compareClocks, timeServerFinding } from './clock.ts'
import { type DoctorFinding, type Probe, type ProbeResult, runProbes } from './finding.ts'
import { examineGate, gateState } from './gate.ts'
import { examineDisks, examineProcess } from './machine.ts'
import { lookUpHosts } from './names.ts'
import { probeOutgoing } from './outgoing.ts'
import { askStore } from './store.ts'

const limitMs = 10_000

export async function examineAll(loaded: Sound, io: Io): Promise<ProbeResult[]> {
  const { config } = loaded
  const { clock } = io
  const certificate = attempt(() => examineCertificate(config, clock()))
  // This one runs first and alone: it works as the owner of the data, which holds for the whole process.
  const first = await runProbes(configurationProbes(loaded, certificate, io), limitMs * 2)
  const state = gateState(config)
  const apps = probeApps(config, clock)
  const store = askStore(config, clock)
  const rest = await runProbes(
    [
      ...(isIssued(loaded) ? [] : [{ id: 'certificate', title: 'certificate', look: async () => certificate }]),
      { id: 'names', title: 'names of the hosts', look: () => lookUpHosts(config) },
      { id: 'apps', title: 'apps', look: async () => (await apps).findings },
      { id: 'institutions', title: 'institutions', look: () => probeInstitutions(config, clock()) },
      { id: 'outgoing', title: 'mail, webhooks, exports and traces', look: () => probeOutgoing(config) },
      { id: 'redis', title: 'settings of the store', look: async () => (await store).findings },
      {
        id: 'clock',
        title: 'clock',
        look: async () => [
          ...compareClocks([...(await store).clocks, ...(await apps).clocks]),
          ...(await timeServerFinding())
        ]
      },
      { id: 'disk', title: 'disk', look: () => examineDisks(config) },
      { id: 'process', title: 'Node.js and workers', look: async () => examineProcess(config, clock()) },
      { id: 'gate', title: gateTitles[(await state).kind], look: async () => examineGate(config, await state) }
    ],
    limitMs
  )
  return [...first, ...rest]
}

const gateTitles = {
  ready: 'the gate runs and is ready',
  unready: 'the gate',
  none: 'no gate runs here',
  foreign: 'the gate',
  off: 'the gate (not asked: admin is false)'
}

/** `mend` is the second sentence, or what stands after a semicolon. */
function wayOut(trouble: string): { wrong: string; mend: string } {
  const at = trouble.indexOf('. ')
  if (at >= 0) return { wrong: trouble.slice(0, at), mend: `${trouble.slice(at + 2)}.` }
  const last = trouble.lastIndexOf('; ')
  if (last < 0) return { wrong: trouble, mend: "Start the store, or correct 'store' in the configuration." }
  return { wrong: trouble.slice(0, last), mend: `${trouble[last + 2]!.toUpperCase()}${trouble.slice(last + 3)}.` }
}

/** What `factorgate check` finds. */
function configurationProbes(loaded: Sound, certificate: readonly DoctorFinding[], io: Io): Probe[] {
  const examined = examine(loaded, io, false)
  const isSaid = ({ path, message }: Problem) =>
    certificate.some(one => one.path === path && message.startsWith(one.wrong))
  return [
    {
      id: 'configuration',
      title: 'configuration and files',
      async look() {
        const { problems, warnings } = await examined
        return [
          ...problems.map(problem => placed('problem', problem)),
          ...warnings
            .filter(warning => !isSaid(warning) && warning.path !== acmePath)
            .map(warning => placed('warning', warning))
        ]
      }
    },
    {
      id: 'store',
      title: 'store',
      async look() {
        const { trouble } = await examined
        const { store } = loaded.config
        if (trouble === null) return []
        const file = store.kind === 'embedded' ? path.join(store.path, 'data.mdb') : null
        if (file !== null && isHidden(file)) return [{ degree: 'problem', path: 'store', ...accessTrouble(file) }]
        if (store.kind === 'embedded' && !existsSync(store.path) && !trouble.includes(' is gone'))
          return [
            {
              degree: 'warning',
              path: 'store',
              wrong: `there is no store at ${store.path} yet`,
              mend: "The gate creates it at its first start. If it is an older installation, correct 'store', or restore a backup."
            }
          ]
        return [{ degree: 'problem', path: 'store', ...wayOut(trouble.replace(/\.$/, '')) }]
      }
    },
    ...(isIssued(loaded) ? [{ id: 'certificate', title: 'certificates', look: () => issued(examined) }] : [])
  ]
}

const acmePath = 'listen.tls.acme'

function isIssued({ config }: Sound): boolean {
  return config.listen.tls?.acme != null
}

/** Certificates by ACME, as the store knows them. */
async function issued(examined: Promise<Examined>): Promise<DoctorFinding[]> {
  const { warnings } = await examined
  return warnings
    .filter(({ path }) => path === acmePath)
    .map(({ path, message }) => ({
      degree: 'warning',
      path,
      wrong: message,
      mend: 'The gate tries again by itself, and at once after a reload. docs/certificates.md says what the authority has to reach.'
    }))
}

/** The only probe if the configuration cannot be read. */
export function badConfiguration(problems: readonly Problem[]): Probe {
  return {
    id: 'configuration',
    title: 'configuration and files',
    look: async () => problems.map(problem => placed('problem', problem))
  }
}

/** The sentence says what to do; the place says where. */
function placed(degree: DoctorFinding['degree'], { file, line, path, message }: Problem): DoctorFinding {
  const where = line === null ? file : `${file}, line ${line}`
  const setting = path === '' ? 'This is about' : `The setting '${path}' is in`
  return { degree, path, wrong: message, mend: `${setting} ${where}.` }
}

function attempt(look: () => DoctorFinding[]): DoctorFinding[] {
  try {
    return look()
  } catch (error) {
    return [
      {
        degree: 'problem',
        path: 'listen.tls.cert',
        wrong: `the certificate cannot be read: ${(error as Error).message}`,
        mend: 'Give the gate a PEM file.'
      }
    ]
  }
}

/** The pipeline of src/gateway.ts: its order, and that no other file of the project builds one. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import t from 'tap'
import { buildPipeline, type Steps } from '../../src/gateway.ts'
import { standIn } from '../fixtures/pipeline/stand-in.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const names = [
  ...[
    'exchange',
    'errors',
    'security-headers',
    'accept',
    'match',
    'session',
    'resend',
    'enforce',
    'upstream-login',
    'forward',
    'audit',
    'forward-auth',
    'device'
  ],
  'portal'
] as const
const registering = /\bregister\(\s*\w+Plugin\b/
const silent = pino({ level: 'silent' })

t.test('the steps stand in their order, and each of them must be there', async t => {
  const met: string[] = []
  const all = (besides: Partial<Steps> = {}) =>
    ({
      ...Object.fromEntries(names.map(name => [name, standIn(name, async () => void met.push(name))])),
      ...besides
    }) as Steps
  await buildPipeline(silent, all())
  t.same(met, names)
  for (const name of names)
    await t.rejects(buildPipeline(silent, all({ [name]: standIn('another') })), {
      message: `the pipeline lacks its step '${name}'`
    })
})

t.test('nobody else registers a step', async t => {
  const files = ['src', 'plugins', 'config', 'tests'].flatMap(folder =>
    readdirSync(path.join(root, folder), { recursive: true }).map(name => path.join(folder, String(name)))
  )
  const registers = files.filter(
    file => /\.tsx?$/.test(file) && registering.test(readFileSync(path.join(root, file), 'utf8'))
  )
  t.same(registers, [], 'src/gateway.ts takes them from its table')
  t.match(`await app.register(${'accept'}Plugin, {})`, registering, 'one who did would be seen')
})

/** The systemd unit: how exposed the service is, what it loads, and that it takes the key as a credential. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { terminal } from '../cli/terminal.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const unit = readFileSync(fileURLToPath(new URL('../../config/examples/factorgate.service', import.meta.url)), 'utf8')
/** The values of a key, in order. */
const valuesOf = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value!)

/** The exposure that systemd-analyze computes, from 0 (shut in) to 10; null where it cannot judge a file. */
function exposure(t: Test, text: string): number | null {
  const file = path.join(temporaryDirectory(t), 'factorgate.service')
  // The program need not be installed.
  writeFileSync(file, text.replace(/^(ExecStart(?:Pre)?)=.*$/gm, '$1=/bin/sh'))
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], {
    encoding: 'utf8'
  })
  const found = /exposure level for [^:]+: ([\d.]+)/.exec(stdout ?? '')
  return found === null ? null : Number(found[1])
}

t.test('the service is exposed by at most 1.5 of 10', async t => {
  const measured = exposure(t, unit)
  if (measured === null) return t.comment('skipped: systemd-analyze cannot judge a unit file here')
  t.ok(measured <= 1.5, `it is ${measured}`)
  const open = exposure(t, unit.replace(/^SystemCall.*\n/gm, ''))
  t.ok(open !== null && open > 1.5, `without its system call filter it would be ${open}`)
})

t.test('V8 compiles while it runs, so memory may become executable', async t => {
  t.same(valuesOf('MemoryDenyWriteExecute'), [])
  t.match(unit, /^# MemoryDenyWriteExecute stays off/m)
})

t.test('a start fails where the configuration does, and a reload is a signal', async t => {
  t.same(valuesOf('Type'), ['exec'])
  const [pre] = valuesOf('ExecStartPre')
  t.match(pre, / check --config \/etc\/factorgate\/factorgate\.yaml$/)
  t.equal(valuesOf('ExecStart')[0], pre!.replace(' check ', ' serve '), 'what is checked is what is served')
  t.same(valuesOf('ExecReload'), ['/bin/kill -HUP $MAINPID'])
  t.same(valuesOf('RestartForceExitStatus'), ['SIGHUP'], 'also where the signal comes too early and ends the process')
})

t.test('the key works as a credential, as the comment of the unit says', async t => {
  const [, name] = /LoadCredential=([\w.]+):/.exec(unit)!
  const [, written] = /^# +keyFile: (.+)$/m.exec(unit)!
  const env: Record<string, string> = {}
  const factorgate = terminal(t, { config: null, env })
  await factorgate.ok('init')
  const at = (...names: string[]) => path.join(factorgate.folder, ...names)
  mkdirSync(at('credentials'))
  renameSync(at('var/factorgate.key'), at('credentials', name!))
  const config = readFileSync(at('factorgate.yaml'), 'utf8')
  writeFileSync(at('factorgate.yaml'), config.replace(/^keyFile: .*$/m, `keyFile: ${written}`))
  const way = /^# +(CREDENTIALS_DIRECTORY=\/run\/credentials\/factorgate\.service) factorgate /m.exec(unit)![1]!
  const refused = await factorgate('check')
  t.match(refused, { code: 1, stdout: /while the service runs, write before the command: / })
  t.match(refused.stdout, way, 'without the folder it says which, as the unit does')

  env.CREDENTIALS_DIRECTORY = at('credentials')
  // systemd gives the file to root, and its group or an access list reads it.
  chmodSync(at('credentials', name!), 0o440)
  t.match(await factorgate('user', 'list', '--json'), { code: 0, stdout: /"admin"/ })
  chmodSync(at('credentials', name!), 0o444)
  t.match(await factorgate('check'), { code: 1 }, 'a credential that everybody may read is refused')
})

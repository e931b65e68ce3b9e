/** The maintainer scripts of the Debian package on a machine with systemd, whose programs only say here that they were called. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../fixtures/process/program.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const skip = process.platform === 'linux' ? false : 'the scripts are for Debian'

const isRoot = process.getuid?.() === 0
/** The gate's user; only root can play another. */
const user = isRoot ? { uid: 61_234, gid: 61_235 } : {}

interface Machine {
  /** What systemctl answers, as branches of a `case` on its arguments. */
  readonly systemctl: string
  readonly hasConfiguration?: boolean
}

/** Runs a script where `folder` is the root of the system. `calls` are those of systemctl. */
function machine(t: Test, { systemctl, hasConfiguration = true }: Machine) {
  const folder = temporaryDirectory(t)
  const at = (...names: string[]) => path.join(folder, ...names)
  for (const name of ['shims', 'run/systemd/system', 'etc/factorgate', 'var/lib/factorgate'])
    mkdirSync(at(name), { recursive: true })
  if (hasConfiguration) writeFileSync(at('etc/factorgate/factorgate.yaml'), '')
  const shim = (name: string, text: string) => {
    writeFileSync(at('shims', name), `#!/bin/sh\n${text}\n`)
    chmodSync(at('shims', name), 0o755)
  }
  writeFileSync(at('calls'), '')
  shim('adduser', '')
  // Others can change no user, also not to their own.
  if (!isRoot) shim('setpriv', 'while case "$1" in -*) ;; *) false ;; esac; do shift; done; exec "$@"')
  shim('systemctl', `echo "$*" >> ${at('calls')}\ncase "$*" in\n${systemctl}\nesac`)
  return {
    at,
    run(name: string, ...args: string[]) {
      const text = readFileSync(path.join(root, 'src/build/debian', name), 'utf8')
      const script = text
        .replaceAll('[ -z "$DPKG_ROOT" ]', 'true')
        .replaceAll('$DPKG_ROOT', folder)
        .replaceAll(/ (?=\/run\/systemd\/system|\/etc\/factorgate\/factorgate\.yaml)/g, ` ${folder}`)
      const env = { PATH: `${at('shims')}:${process.env.PATH}` }
      const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, name, ...args], { env, encoding: 'utf8' })
      return { status, said: stdout + stderr, calls: readFileSync(at('calls'), 'utf8').trim().split('\n') }
    }
  }
}

/** A process that was started as a gate is, and what a check by its means was given. */
async function gate(t: Test, { accepts }: { accepts: boolean }) {
  const folder = temporaryDirectory(t)
  const at = (name: string) => path.join(folder, name)
  if (isRoot) chownSync(folder, 61_234, 61_235)
  writeFileSync(
    at('gate'),
    `case "$1" in\nserve) echo serving; read -r _ ;;\n*) echo "$1|$2|$3|$CREDENTIALS_DIRECTORY|$DPKG_MAINTSCRIPT_NAME|$(id -u):$(id -g)" > ${at('asked')}; (: < /dev/tty) && echo terminal > ${at('asked')}; exit ${accepts ? 0 : 1} ;;\nesac\n`
  )
  const env = { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: '/run/credentials of/the unit' }
  const child = spawn('/bin/sh', [at('gate'), 'serve', '--config', '/srv/my gate.yaml'], {
    env,
    stdio: 'pipe',
    ...user
  })
  const exit = once(child, 'exit')
  t.teardown(() => {
    child.stdin.end()
    return exit
  })
  await once(child.stdout, 'data')
  return { pid: child.pid!, asked: () => readFileSync(at('asked'), 'utf8').trim() }
}

t.test('an upgrade asks as the gate that runs: with its credentials, configuration and user', { skip }, async t => {
  const { uid = process.getuid?.(), gid = process.getgid?.() } = user
  for (const accepts of [true, false]) {
    const running = await gate(t, { accepts })
    const { run } = machine(t, { systemctl: `*MainPID*) echo ${running.pid} ;;` })
    const { status, said, calls } = run('postinst', 'configure', '0.1.0')
    t.equal(status, 0, said)
    t.equal(running.asked(), `check|--config|/srv/my gate.yaml|/run/credentials of/the unit||${uid}:${gid}`)
    t.equal(calls.includes('restart factorgate'), accepts)
    t.equal(/the old one still runs/.test(said), !accepts, said)
  }
})

t.test('whoever installs again beside a configuration is told how to start the gate', { skip }, async t => {
  const off = '*is-active*) exit 3 ;;\n*is-enabled*) exit 1 ;;'
  const again = machine(t, { systemctl: off }).run('postinst', 'configure', '0.1.0')
  t.match(again.said, /with the configuration that was there\. To start it: systemctl enable --now factorgate/)
  t.notMatch(again.said, /factorgate init/)
  const first = machine(t, { systemctl: off, hasConfiguration: false }).run('postinst', 'configure')
  t.match(first.said, /factorgate init/)
  t.notMatch(first.said, /that was there/)
  const stopped = machine(t, { systemctl: '*is-active*) exit 3 ;;' }).run('postinst', 'configure', '0.1.0')
  t.equal(stopped.said, '', 'one that starts with the machine was stopped on purpose')
})

t.test('removing ends the sockets that would start the service again, and then the service', { skip }, async t => {
  const systemctl = '*TriggeredBy*) echo "factorgate-http.socket factorgate.socket" ;;'
  const { status, calls } = machine(t, { systemctl }).run('prerm', 'remove')
  t.equal(status, 0)
  const ended = calls.filter(call => call.startsWith('disable --now ')).map(call => call.slice(14))
  t.same(ended, ['factorgate-http.socket', 'factorgate.socket', 'factorgate'])
  t.same(machine(t, { systemctl }).run('prerm', 'upgrade', '0.2.0').calls, [''], 'an upgrade ends nothing')
})

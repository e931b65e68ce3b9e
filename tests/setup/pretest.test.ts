/** What `npm test` says where a program is missing: first which, then what to install. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = fileURLToPath(new URL('./', import.meta.url))
/** Looked into whatever the PATH says. */
const always = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin']
const isThere = (program: string) => always.some(folder => existsSync(path.join(folder, program)))

t.test(
  'a machine without Redis, on which nothing may be installed',
  { skip: isThere('redis-server') || isThere('apt-get') },
  async t => {
    const PATH = t.testdir({})
    const run = (file: string) =>
      spawnSync(process.execPath, [path.join(folder, file)], { env: { PATH }, encoding: 'utf8' })
    const { status, stdout, stderr } = run('pretest.mjs')
    t.equal(status, 1)
    t.equal(stdout, '')
    t.match(stderr, /^pretest: not on this machine: [^\n]*redis-server[^\n]*; calling `npm run setup`\n/)
    t.match(stderr, /setup: redis-server is missing \(the store tests\)/)
    t.match(stderr, /\n {2}apt-get install --no-install-recommends [^\n]*redis-server/)
    t.notMatch(stderr, /caddy/, 'what can be spared is not asked for')
    t.equal(run('setup.mjs').status, 1)
  }
)

/** Which folder in memory the tests take. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { inMemory } from './temporary.mjs'

const here = '/dev/shm'

t.test('a folder in memory', async t => {
  const mounts = path.join(t.testdir({}), 'mounts')
  const asked = (line: string, folder = here) => {
    writeFileSync(mounts, `proc /proc proc rw 0 0\n${line}\n`)
    return inMemory(folder, mounts)
  }
  t.equal(asked('tmpfs /dev/shm tmpfs rw,nosuid,noexec 0 0'), null, 'must run programs')
  t.equal(asked('tmpfs /dev/shm tmpfs ro 0 0'), null, 'must take files')
  t.equal(asked('disk /dev/shm ext4 rw 0 0'), null, 'must be in memory')
  t.equal(asked('tmpfs /elsewhere tmpfs rw 0 0'), null, 'must be mounted')
  t.equal(asked('tmpfs /nowhere tmpfs rw 0 0', '/nowhere'), null, 'must be there')
  t.equal(inMemory(here, path.join(mounts, 'nothing')), null, 'no list of mounts')
})

t.test('the one of this system', { skip: !existsSync('/proc/mounts') }, async t => {
  const isMounted = readFileSync('/proc/mounts', 'utf8').includes(` ${here} tmpfs `)
  t.ok([null, isMounted ? here : null].includes(inMemory()))
})

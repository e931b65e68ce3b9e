/** A disk that really fails while LMDB writes its newest state: what lmdb-js does then cannot be told by a double. A library in front of libc plays the disk. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { notTried } from '../../fixtures/process/not-tried.ts'
import { readsTypeScript } from '../../fixtures/process/program.ts'
import { temporaryDirectory } from '../../fixtures/process/redis-server.ts'

const store = new URL('../../../src/store/lmdb/lmdb.ts', import.meta.url).href

/** While the file ILL is there, small writes to the first pages fail: those are LMDB's meta pages. */
const disk = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
static ssize_t through(const char *name, int file, const void *from, size_t size, off_t at) {
  if (at < 16384 && size < 4096 && access(getenv("ILL"), F_OK) == 0) { errno = DISK_ERROR; return -1; }
  return ((ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, name))(file, from, size, at);
}
ssize_t pwrite(int file, const void *from, size_t size, off_t at) { return through("pwrite", file, from, size, at); }
ssize_t pwrite64(int file, const void *from, size_t size, off_t at) { return through("pwrite64", file, from, size, at); }
`

const script = (folder: string) => `
import { rmSync, writeFileSync } from 'node:fs'
import { openLmdb } from ${JSON.stringify(store)}
const said = error => console.log(error.message.replace(/^.*does not answer: /, ''))
let times = 0
let tell
const told = new Promise(resolve => { tell = resolve })
const store = openLmdb(${JSON.stringify(path.join(folder, 'store'))}, { onWellAgain: () => tell(++times) })
// Nothing else keeps this process.
setInterval(() => {}, 1000)
await store.subscribe('session:', () => {})
await store.put('session:a', 'x')
writeFileSync(process.env.ILL, '')
// One of them loses the write, and the others are on their way.
for (const result of await Promise.allSettled([store.put('session:b', 'y'), store.delete('session:a')])) said(result.reason)
for (const work of [() => store.get('session:a'), () => store.put('session:b', 'y'), () => store.ping()]) await work().catch(said)
rmSync(process.env.ILL)
await told
await store.close()
console.log('closed', times)
process.exit(0)`

for (const name of ['EIO', 'EROFS'])
  t.test(`a disk that answers ${name}`, async t => {
    if (process.platform !== 'linux') return notTried(t, 'only Linux loads a library in front')
    const folder = temporaryDirectory(t)
    const at = (name: string) => path.join(folder, name)
    writeFileSync(at('disk.c'), disk)
    const made = spawnSync('cc', [
      '-shared',
      '-fPIC',
      `-DDISK_ERROR=${name}`,
      '-o',
      at('disk.so'),
      at('disk.c'),
      '-ldl'
    ])
    if (made.status !== 0) return notTried(t, 'there is no C compiler here')
    writeFileSync(at('program.mts'), script(folder))
    const { stdout, stderr } = spawnSync(process.execPath, [readsTypeScript, at('program.mts')], {
      env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: at('disk.so'), ILL: at('ill') },
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL'
    })
    const lost = 'the disk has lost a write; repair the disk, then start the gate again.'
    t.same(stdout.trim().split('\n'), [lost, lost, lost, lost, lost, 'closed 1'], stderr)
  })

/** A full quota, as Node.js reports it: without a name. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { constants } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { reportError } from '../../src/cli/error-report.ts'
import { systemCode } from '../../src/files/system-code.ts'
import { ChangeSignal } from '../../src/store/lmdb/change-signal.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

const { EDQUOT, ESTALE } = constants.errno
/** As fs.writeSync and as fs.promises say it. */
const fullQuota = ['UNKNOWN', `Unknown system error -${EDQUOT}`].map(code =>
  Object.assign(new Error(`${code}: unknown error, write`), { code, errno: -EDQUOT, syscall: 'write' })
)

t.test('errors that libuv does not know get their names, and others keep their codes', async t => {
  for (const error of fullQuota) t.equal(systemCode(error), 'EDQUOT')
  t.equal(systemCode(Object.assign(new Error(), { code: 'UNKNOWN', errno: -ESTALE })), 'ESTALE')
  for (const code of ['ENOSPC', 'ERR_INVALID_ARG_TYPE', 'UNKNOWN_ca'])
    t.equal(systemCode(Object.assign(new Error(), { code, errno: -EDQUOT })), code)
  t.equal(systemCode(Object.assign(new Error(), { code: 'UNKNOWN', errno: -9999 })), 'UNKNOWN')
  t.equal(systemCode(new Error('no system')), undefined)
})

t.test('a command says that the quota is used up, and calls it no bug', async t => {
  for (const error of fullQuota) {
    let said = ''
    const stderr = (text: string) => {
      said += text
    }
    t.equal(reportError(Object.assign(error, { path: '/srv/x' }), 'init', { stderr }), 1)
    t.equal(said, 'factorgate: /srv/x: the disk quota is used up\n')
  }
})

t.test('the store opens while the quota is used up, so that access can be ended', async t => {
  const { writeSync } = fs
  t.teardown(() => {
    fs.writeSync = writeSync
    syncBuiltinESMExports()
  })
  for (const error of fullQuota) {
    fs.writeSync = () => {
      throw error
    }
    syncBuiltinESMExports()
    const signal = new ChangeSignal(path.join(temporaryDirectory(t), 'bell'))
    signal.close()
  }
})

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import t from 'tap'
import { ConfigError } from '../../config/reading/diagnostics.ts'
import { PersonError, UsageError } from '../../src/cli/command.ts'
import { reportError } from '../../src/cli/error-report.ts'
import { GateError } from '../../src/errors.ts'
import { AccountError } from '../../src/identity/accounts.ts'
import { KeyFileError } from '../../src/keyring/key-file.ts'
import { KeyringError } from '../../src/keyring/keyring.ts'
import { StoreMisconfigured } from '../../src/store/misconfigured.ts'
import { StoreUnreachable } from '../../src/store/store.ts'

function said(error: unknown, command = 'user add') {
  let stderr = ''
  const code = reportError(error, command, {
    stderr: text => {
      stderr += text
    }
  })
  return { code, stderr }
}

t.test("a person's mistake is one sentence and exit 1, a wrong call exit 2; never a stack", async t => {
  const missing = await readFile('/nowhere/file').catch(error => error)
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const inUse = await new Promise(resolve => createServer().once('error', resolve).listen(port, '127.0.0.1'))
  taken.close()
  const system = (fields: object) => Object.assign(new Error('x'), fields)
  const self = `this user (uid ${process.geteuid?.()})`
  for (const [error, sentence] of [
    [new PersonError('nobody is there'), 'nobody is there'],
    [new KeyFileError('missing', 'The key file is missing.'), 'The key file is missing.'],
    [new KeyringError('not a sealed text'), 'not a sealed text'],
    [new AccountError('not_found'), 'there is no such account'],
    [new StoreMisconfigured('wrong layout'), 'wrong layout'],
    [new StoreUnreachable('does not answer'), 'does not answer'],
    [new GateError('busy'), 'Too many people are signing in at once.'],
    [new ConfigError([{ file: 'f', line: 1, column: 2, path: 'a', message: 'is wrong' }]), 'f:1:2  a  is wrong'],
    [missing, '/nowhere/file: there is no such file or folder'],
    [inUse, `127.0.0.1:${port}: another program listens on this address already; stop it, or choose another port`],
    [
      system({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'gaet' }),
      'gaet: the name server does not know this name'
    ],
    [system({ code: 'EAI_AGAIN', syscall: 'getaddrinfo', hostname: 'gaet' }), 'gaet: the name server does not answer'],
    [
      system({ code: 'EACCES', syscall: 'mkdir', path: '/etc/x' }),
      `/etc/x: ${self} has no permission for this; run the command as the owner, or make this user the owner of the file or folder (chown)`
    ],
    [
      system({ code: 'EACCES', syscall: 'listen', address: '127.0.0.1', port: 443 }),
      `127.0.0.1:443: ${self} may not listen on a port below 1024; choose a higher port, or give the process CAP_NET_BIND_SERVICE (in systemd: AmbientCapabilities=)`
    ]
  ] as const)
    t.same(said(error), { code: 1, stderr: `factorgate: ${sentence}\n` }, sentence)
  t.same(said(new UsageError('what?')), { code: 2, stderr: 'factorgate: what?\nTry: factorgate user add --help\n' })
  t.same(said(new UsageError('what?'), ''), { code: 2, stderr: 'factorgate: what?\nTry: factorgate --help\n' })
})

t.test('a bug of ours is shown whole, so that it can be reported', async t => {
  const { code, stderr } = said(new TypeError('x is not a function'))
  t.equal(code, 1)
  t.match(stderr, /a bug in Factorgate\. Please report it.*\nTypeError: x is not a function\n\s+at /)
  t.match(said('thrown text').stderr, /thrown text/)
  t.match(said(Object.assign(new Error('odd'), { code: 'EODD' })).stderr, /bug/)
})

import path from 'node:path'
import t from 'tap'
import { parseConfig } from '../../../config/load.ts'
import { examineCertificate } from '../../../src/cli/doctor/certificate.ts'
import { compareClocks } from '../../../src/cli/doctor/clock.ts'
import { runProbes } from '../../../src/cli/doctor/finding.ts'
import { examineProcess } from '../../../src/cli/doctor/machine.ts'
import { lookUpHosts } from '../../../src/cli/doctor/names.ts'
import { examineServer } from '../../../src/cli/doctor/store.ts'
import type { RedisInspection } from '../../../src/store/redis/inspection.ts'
import { Pki } from '../../fixtures/process/pki.ts'

const at = (day: string) => Date.parse(`${day}T12:00:00Z`)

t.test('clocks: one that differs is named, and all others together speak against this machine', async t => {
  const reading = (of: string, seconds: number) => ({ of, at: 1e12 + seconds * 1000, ours: 1e12 })
  for (const [sentence, readings, expected] of [
    ['nobody to compare with', [], []],
    ['the second of a Date header and a little more', [reading('a', 4)], []],
    ['ten seconds behind the only other clock', [reading('a', 10)], ['warning: behind a']],
    ['a minute behind the only other clock', [reading('a', 60)], ['problem: behind a']],
    ['behind two clocks: the smaller difference counts', [reading('a', 900), reading('b', 60)], ['problem: behind b']],
    ['ahead of two clocks', [reading('a', -900), reading('b', -60)], ['problem: ahead of b']],
    ['one of two differs', [reading('a', 0), reading('b', 900)], ['warning: behind b']],
    [
      'two that differ, one on each side',
      [reading('a', -90), reading('b', 90)],
      ['warning: ahead of a', 'warning: behind b']
    ]
  ] as const) {
    const found = compareClocks(readings).map(({ degree, wrong }) => {
      const [, side, of] = /(ahead of|behind) (\w)/.exec(wrong) ?? []
      return `${degree}: ${side} ${of}`
    })
    t.same(found, expected, sentence)
  }
})

t.test('Redis: what it says about memory and disk', async t => {
  const sound: RedisInspection = {
    name: 'r:6379',
    version: '7.0.0',
    appendFsync: 'everysec',
    usedBytes: 1e6,
    maxBytes: 0,
    isSaved: true,
    replicas: 0,
    neededReplicas: 0,
    clock: null
  }
  for (const [sentence, change, expected] of [
    ['nothing is wrong', {}, []],
    ['it would not say', { appendFsync: null, usedBytes: null, maxBytes: null }, []],
    ['appendfsync no', { appendFsync: 'no' }, [['warning', /power failure/, /appendfsync everysec/]]],
    ['its last save failed', { isSaved: false }, [['problem', /could not save/, /disk is full/]]],
    ['memory for a long time', { maxBytes: 2e6 }, []],
    ['one replica, which may be away', { replicas: 1 }, []],
    [
      'two replicas, and none must follow',
      { replicas: 2 },
      [['warning', /no replica follows it/, /min-replicas-to-write 1/]]
    ],
    ['two replicas, and one must follow', { replicas: 2, neededReplicas: 1 }, []],
    ['two replicas, and it would not say', { replicas: 2, neededReplicas: null }, []],
    ['its memory is used', { maxBytes: 1.05e6 }, [['problem', /95 % of its memory/, /Raise maxmemory/]]]
  ] as const) {
    const found = examineServer({ ...sound, ...change })
    t.equal(found.length, expected.length, sentence)
    for (const [index, [degree, wrong, mend]] of expected.entries())
      t.match(found[index], { degree, wrong, mend }, sentence)
  }
})

t.test('Node.js and workers', async t => {
  for (const [sentence, version, day, workers, expected] of [
    ['a release with fixes, and a worker for each core', '24.1.0', '2026-11-28', 4, []],
    ['as many workers as there are cores', '24.1.0', '2026-11-28', 'auto', []],
    ['a release without fixes', '20.19.0', '2026-11-28', 1, [/no security fixes since 2026-04-30/]],
    ['a release whose fixes end soon', '22.20.0', '2027-03-01', 1, [/no security fixes after 2027-04-30/]],
    ['the same in good time', '22.20.0', '2026-11-28', 1, []],
    ['more workers than cores', '24.1.0', '2026-11-28', 5, [/5 workers, but this machine runs 4/]]
  ] as const) {
    const found = examineProcess({ workers }, at(day), version, 4)
    t.equal(found.length, expected.length, sentence)
    for (const [index, wrong] of expected.entries()) t.match(found[index], { degree: 'warning', wrong }, sentence)
  }
})

const served = (cert: string, key: string) => {
  const loaded = parseConfig(
    JSON.stringify({
      portal: { url: 'https://gate.lab.example', title: 'Lab' },
      listen: { port: 8443, tls: { cert, key } },
      trustedProxies: ['10.1.0.0/16'],
      apps: [{ id: 'a', url: 'https://a.lab.example', upstream: 'http://127.0.0.1:1' }]
    }),
    path.join(path.dirname(cert), 'factorgate.yaml')
  )
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(({ message }) => message).join())
  return loaded.config
}

t.test('names: each host must lead to this machine or its proxy', async t => {
  const pki = new Pki(t.testdir({}))
  pki.root('root')
  pki.leaf('both', { by: 'root', eku: 'serverAuth', san: 'DNS:gate.lab.example,DNS:a.lab.example' })
  const config = served(pki.file('both.pem'), pki.file('both.key'))
  for (const [sentence, gate, app, expected] of [
    ['both lead to this machine', ['127.0.0.1'], ['127.0.0.1', '::1'], []],
    ['the proxy is in front', ['10.1.2.3'], ['127.0.0.1'], []],
    ['one is not known', 'ENOTFOUND', ['127.0.0.1'], [['problem', 'portal.url', /does not know gate\.lab\.example/]]],
    [
      'the name server is silent',
      ['127.0.0.1'],
      'EAI_AGAIN',
      [['problem', 'apps[0].url', /does not answer about a\./]]
    ],
    ['one leads elsewhere', ['127.0.0.1'], ['192.0.2.1'], [['warning', 'apps[0].url', /leads to 192\.0\.2\.1/]]]
  ] as const) {
    const found = await lookUpHosts(config, async host => (host.startsWith('gate') ? gate : app))
    t.equal(found.length, expected.length, sentence)
    for (const [index, [degree, at, wrong]] of expected.entries())
      t.match(found[index], { degree, path: at, wrong }, sentence)
  }
})

t.test('names that browsers take for their own machine are not looked up', async t => {
  const config = {
    portal: { url: new URL('http://gate.localhost:8443') },
    apps: [{ url: new URL('http://notebooks.localhost:8443') }, { url: new URL('http://localhost:8443') }],
    trustedProxies: []
  } as unknown as Parameters<typeof lookUpHosts>[0]
  const asked: string[] = []
  const found = await lookUpHosts(config, async host => {
    asked.push(host)
    return 'ENOTFOUND'
  })
  t.same([found, asked], [[], []])
})

t.test('the certificate: its end, its hosts and its chain', async t => {
  const pki = new Pki(t.testdir({}))
  pki.root('root')
  pki.intermediate('between', 'root')
  const both = 'DNS:gate.lab.example,DNS:*.lab.example'
  const leaf = (name: string, options: object) =>
    pki.leaf(name, { by: 'between', eku: 'serverAuth', san: both, ...options })
  leaf('sound', { from: '20261101000000Z', to: '20270301000000Z' })
  leaf('expired', { from: '20260101000000Z', to: '20261001000000Z' })
  leaf('ending', { from: '20260901000000Z', to: '20261201000000Z' })
  leaf('early', { from: '20270101000000Z', to: '20270301000000Z' })
  leaf('other', { from: '20261101000000Z', to: '20270301000000Z', san: 'DNS:gate.lab.example' })
  const { appendFileSync, copyFileSync } = await import('node:fs')
  for (const name of ['expired', 'ending', 'early', 'other'])
    appendFileSync(pki.file(`${name}.pem`), `\n${pki.read('between.pem')}\n${pki.read('root.pem')}`)
  copyFileSync(pki.file('sound.pem'), pki.file('lone.pem'))
  appendFileSync(pki.file('sound.pem'), `\n${pki.read('between.pem')}\n${pki.read('root.pem')}`)
  for (const [sentence, cert, key, expected] of [
    ['it is sound', 'sound', 'sound', []],
    ['it has expired', 'expired', 'expired', [['problem', /expired on Oct/, /^Renew it/]]],
    ['it ends soon', 'ending', 'ending', [['warning', /expires on Dec .* in 2 days/, /^Renew it/]]],
    ['it begins later', 'early', 'early', [['problem', /not valid before Jan/, /^Check the clock/]]],
    [
      'it is not for every host',
      'other',
      'other',
      [['problem', /is not for a\.lab\.example but for gate/, /^Use one/]]
    ],
    [
      'the authority between is not in the file',
      'lone',
      'sound',
      [['warning', /no certificate of the authority/, /^Append/]]
    ]
  ] as const) {
    const found = examineCertificate(served(pki.file(`${cert}.pem`), pki.file(`${key}.key`)), at('2026-11-28'))
    t.equal(found.length, expected.length, `${sentence}: ${JSON.stringify(found)}`)
    for (const [index, [degree, wrong, mend]] of expected.entries())
      t.match(found[index], { degree, wrong, mend }, sentence)
  }
})

t.test('a probe that hangs or fails is a finding, and the others are heard', async t => {
  const results = await runProbes(
    [
      { id: 'sound', title: 'sound', look: async () => [] },
      { id: 'hangs', title: 'hangs', look: () => new Promise(() => {}) },
      { id: 'fails', title: 'fails', look: () => Promise.reject(new Error('no such thing')) }
    ],
    20
  )
  t.match(results, [
    { id: 'sound', findings: [] },
    { id: 'hangs', findings: [{ degree: 'problem', wrong: /no answer within 0\.02 seconds/ }] },
    { id: 'fails', findings: [{ degree: 'problem', wrong: /no such thing/ }] }
  ])
})

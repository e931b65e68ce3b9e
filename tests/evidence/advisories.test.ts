/** Advisories: every form of a file that operators have, what it says about versions, and files that say nothing. */
import t from 'tap'
import { readAdvisories } from '../../src/evidence/advisories.ts'
import { findingsOf, stateOf } from '../../src/evidence/affected.ts'
import { bomOfLock, readBom } from '../../src/evidence/sbom.ts'

const affected = (name: string, more: object) => ({ package: { ecosystem: 'npm', name }, ...more })
const entry = (more: object) => ({ id: 'GHSA-1', modified: '2026-11-01T00:00:00Z', summary: 'bad', ...more })
const semverRange = (...events: object[]) => ({ ranges: [{ type: 'SEMVER', events }] })
const one = entry({ affected: [affected('left', semverRange({ introduced: '1.0.0' }, { fixed: '1.2.3' }))] })

t.test('each form of a file gives the same advisory', async t => {
  const forms: readonly (readonly [string, string])[] = [
    ['one OSV entry', JSON.stringify(one)],
    ['a list', JSON.stringify([one])],
    ['one a line', `${JSON.stringify(one)}\n${JSON.stringify({ ...one, withdrawn: '2026-11-02T00:00:00Z' })}\n`],
    ['with a byte order mark', `\ufeff${JSON.stringify(one, null, 2)}`],
    ['the answer of the API', JSON.stringify({ vulns: [one] })],
    ['the answer to many questions', JSON.stringify({ results: [{ vulns: [one] }, {}] })],
    [
      'osv-scanner',
      JSON.stringify({ results: [{ packages: [{ package: { name: 'left' }, vulnerabilities: [one] }] }] })
    ]
  ]
  for (const [form, text] of forms)
    t.match(
      readAdvisories(text),
      [{ id: 'GHSA-1', name: 'left', versions: { ranges: ['>=1.0.0 <1.2.3'], exact: [] } }],
      form
    )
})

t.test('npm audit of npm 7 and of npm 6', async t => {
  const url = 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc'
  const via = { source: 1, name: 'left', dependency: 'left', title: 'bad', url, severity: 'high', range: '<1.2.3' }
  const seven = {
    auditReportVersion: 2,
    vulnerabilities: { left: { name: 'left', via: [via] }, above: { name: 'above', via: ['left'], range: '*' } }
  }
  const expected = [
    { id: 'GHSA-aaaa-bbbb-cccc', name: 'left', severity: 'high', url, versions: { ranges: ['<1.2.3'] } }
  ]
  t.match(readAdvisories(JSON.stringify(seven)), expected)
  t.equal(readAdvisories(JSON.stringify(seven)).length, 1, 'a package that only depends on it has no row of its own')
  const six = {
    advisories: {
      1: { id: 1, module_name: 'left', title: 'bad', url, severity: 'high', vulnerable_versions: '<1.2.3' }
    }
  }
  t.match(readAdvisories(JSON.stringify(six)), expected)
  t.strictSame(readAdvisories('{"auditReportVersion":2,"vulnerabilities":{}}'), [], 'nothing found is no mistake')
})

t.test('a file that says nothing is named', async t => {
  for (const [text, why] of [
    [' ', 'it is empty'],
    ['{', /^it is no JSON: /],
    ['null', 'an entry is no object'],
    ['{}', /^it is neither/],
    ['[{"affected":[]}]', /has no id/],
    ['{"vulns":["GHSA-1"]}', 'an entry is no object']
  ] as const)
    t.throws(() => readAdvisories(text), { name: 'AdvisoryFileError', message: why } as object as Error, text)
})

t.test('versions by the rules of OSV', async t => {
  const versionsOf = (more: object) =>
    readAdvisories(JSON.stringify(entry({ affected: [affected('left', more)] })))[0]!.versions
  const ends = [{ fixed: '2.1.0' }, { introduced: '2.0.0' }, { introduced: '0' }, { fixed: '1.2.0' }]
  const rows: readonly (readonly [string, object, string, ReturnType<typeof stateOf>])[] = [
    ['from the first version on', semverRange({ introduced: '0' }), '0.0.1', 'affected'],
    ['before the fix', semverRange({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.2', 'affected'],
    ['the fix itself', semverRange({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.3', 'not affected'],
    ['a pre-release of the fix', semverRange({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.3-rc.1', 'affected'],
    ['the last affected one', semverRange({ introduced: '1.0.0' }, { last_affected: '1.2.3' }), '1.2.3', 'affected'],
    [
      'behind the last affected one',
      semverRange({ introduced: '1.0.0' }, { last_affected: '1.2.3' }),
      '1.2.4',
      'not affected'
    ],
    ['two ranges in any order, in the first', semverRange(...ends), '1.1.0', 'affected'],
    ['two ranges in any order, between', semverRange(...ends), '1.5.0', 'not affected'],
    ['two ranges in any order, in the second', semverRange(...ends), '2.0.5', 'affected'],
    ['a version by name', { versions: ['1.0.0', '1.0.1'] }, '1.0.1', 'affected'],
    ['another version', { versions: ['1.0.0'] }, '1.0.1', 'not affected'],
    ['commits alone', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }, '1.0.0', 'may be affected'],
    ['an event that nobody knows', semverRange({ introduced: '0' }, { cured: '1.0.0' }), '9.0.0', 'may be affected'],
    ['a version that is none', semverRange({ introduced: 'spring' }), '1.0.0', 'may be affected'],
    ['nothing', {}, '1.0.0', 'may be affected']
  ]
  for (const [sentence, more, version, state] of rows) t.equal(stateOf(version, versionsOf(more)), state, sentence)
  t.equal(stateOf('1.0.0', { ranges: ['a range of hills'], exact: [] }), 'may be affected', "npm's range that is none")
  t.equal(stateOf('main', { ranges: ['<2'], exact: [] }), 'may be affected', 'a package without a version')
})

t.test('only packages of the program count, each once for each advisory', async t => {
  const component = (name: string, version: string) => ({
    name,
    version,
    purl: `pkg:npm/${name}@${version}`,
    licences: [],
    isOptional: false
  })
  const advisories = readAdvisories(
    JSON.stringify([
      one,
      one,
      entry({ id: 'GHSA-2', affected: [affected('right', { ranges: [{ type: 'GIT', events: [] }] })] }),
      entry({ id: 'GHSA-3', affected: [affected('far', semverRange({ introduced: '0' }))] }),
      entry({ id: 'GHSA-4', affected: [{ package: { ecosystem: 'PyPI', name: 'left' }, versions: ['1.0.0'] }] })
    ])
  )
  const findings = findingsOf(advisories, [
    component('left', '1.1.0'),
    component('left', '2.0.0'),
    component('right', '1.0.0')
  ])
  t.match(findings, { read: 4, about: 3 })
  t.strictSame(
    findings.found.map(({ component: { purl }, advisory: { id }, isCertain }) => [purl, id, isCertain]),
    [
      ['pkg:npm/left@1.1.0', 'GHSA-1', true],
      ['pkg:npm/right@1.0.0', 'GHSA-2', false]
    ]
  )
})

t.test('an address that is no web page becomes no link', async t => {
  const [found] = readAdvisories(
    JSON.stringify([{ ...one, references: [{ type: 'ADVISORY', url: 'javascript:alert(1)' }] }])
  )
  t.equal(found?.url, null)
})

t.test('the bill of materials of a lock file', async t => {
  const lock = {
    name: 'gate',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'gate', version: '1.0.0' },
      'node_modules/@scope/a': { version: '1.0.0', license: 'MIT', integrity: 'sha512-AAAA' },
      'node_modules/b': { version: '2.0.0', license: '(MIT OR Apache-2.0)', optional: true },
      'node_modules/b/node_modules/@scope/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/c': { version: '3.0.0', dev: true },
      'node_modules/d': { link: true }
    }
  }
  const bom = bomOfLock(JSON.stringify(lock))
  t.match(bom, {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { name: 'gate', version: '1.0.0' } }
  })
  t.strictSame(readBom(JSON.stringify(bom)), [
    { name: '@scope/a', version: '1.0.0', purl: 'pkg:npm/%40scope/a@1.0.0', licences: ['MIT'], isOptional: false },
    { name: 'b', version: '2.0.0', purl: 'pkg:npm/b@2.0.0', licences: ['(MIT OR Apache-2.0)'], isOptional: true }
  ])
  t.equal(readBom('{"bomFormat":"SPDX"}'), null)
  t.equal(readBom('no'), null)
  const npms = {
    bomFormat: 'CycloneDX',
    components: [{ group: '@scope', name: 'a', version: '1', licenses: [{ license: { name: 'X' } }] }]
  }
  t.match(
    readBom(JSON.stringify(npms)),
    [{ name: '@scope/a', purl: 'pkg:npm/%40scope/a@1', licences: ['X'] }],
    'as other tools write it'
  )
})

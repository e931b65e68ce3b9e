import { readFileSync } from 'node:fs'
import t from 'tap'
import { nodeReleaseWarning, nodeTooOld } from '../../src/cli/node-release.ts'

t.test('a release of Node.js is named from the day after its last fixes', async t => {
  const at = (day: string) => Date.parse(`${day}T12:00:00Z`)
  for (const [version, day, isNamed] of [
    ['20.20.2', '2026-04-30', false],
    ['20.20.2', '2026-05-01', true],
    ['20.19.0', '2026-11-28', true],
    ['22.20.0', '2026-11-28', false],
    ['22.20.0', '2027-05-02', true],
    ['23.1.0', '2026-11-28', true],
    ['24.0.0', '2026-11-28', false],
    ['24.0.0', '2029-01-01', true],
    ['31.0.0', '2031-01-01', false]
  ] as const) {
    const said = nodeReleaseWarning(version, at(day))
    t.equal(said !== null, isNamed, `${version} on ${day}`)
    if (said !== null)
      t.match(said, new RegExp(`^Node.js ${version} has had no security fixes since .*: install Node.js 24 or newer$`))
  }
})

t.test('an older Node.js than package.json asks for is named, and nothing is tried with it', async t => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(engines.node, '>=20.19')
  for (const version of ['18.20.4', '20.18.3', '19.9.0'])
    t.match(nodeTooOld(version), new RegExp(`^Node.js 20.19 or newer is needed, and this is ${version}: `))
  for (const version of ['20.19.0', '21.0.0', '24.1.0', '100.0.0']) t.equal(nodeTooOld(version), null, version)
})

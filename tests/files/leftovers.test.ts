/** What a killed process has left is removed by the next one (`src/files/leftovers.ts`). */
import { readdirSync, utimesSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { checkFreeSpace } from '../../src/files/free-space.ts'
import { replaceFile } from '../../src/files/replace-file.ts'

t.test('old probes and half replaced files go; those of a moment ago, and all others, stay', t => {
  const names = [
    'probe.4711.0123456789ab',
    'probe.4711.fedcba987654',
    'probe.txt',
    'probe.4711.0123456789ab.bak',
    'known.json.4711.new',
    'known.json.1.new',
    // Copies that people make.
    'known.json.20261130',
    'known.json.1',
    'known.json.old',
    'other.json.4711.new'
  ]
  const folder = t.testdir(Object.fromEntries(names.map(name => [name, 'x'])))
  for (const name of names) utimesSync(path.join(folder, name), new Date(0), new Date(0))
  for (const young of ['probe.4711.fedcba987654', 'known.json.1.new'])
    utimesSync(path.join(folder, young), new Date(), new Date())
  checkFreeSpace(folder, 10)
  replaceFile(path.join(folder, 'known.json'), '{}')
  t.same(readdirSync(folder).sort(), [
    'known.json',
    'known.json.1',
    'known.json.1.new',
    'known.json.20261130',
    'known.json.old',
    'other.json.4711.new',
    'probe.4711.0123456789ab.bak',
    'probe.4711.fedcba987654',
    'probe.txt'
  ])
  t.end()
})

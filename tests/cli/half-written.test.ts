/** A configuration that is read while it is written. */
import t from 'tap'
import type { Loaded } from '../../config/load.ts'
import { isHalfOf, settled } from '../../src/cli/half-written.ts'

const of = (text: string) => ({ kind: 'ok', text }) as Loaded
const known = 'apps:\n  - id: wiki\n    rules: []\n'

t.test('a beginning of what is in use is one, unless its last line has an end', async t => {
  t.ok(isHalfOf(known, 'apps:\n  - id: wiki'))
  t.notOk(isHalfOf(known, 'apps:\n  - id: wiki\n'))
  t.notOk(isHalfOf(known, '# new\napps:\n  - id: wiki'))
  t.notOk(isHalfOf('apps: []', 'apps:'), 'where no line feed was at the end before, none is missing')
})

t.test('a text without the end of its last line is read until it stays the same', async t => {
  const bad: Loaded = { kind: 'bad', problems: [], file: null, name: '' }
  for (const [texts, last, waits] of [
    [[`# new\n${known}`], 0, 0],
    [['# new\napps:', '# new\napps:\n  - id: w', `# new\n${known}`], 2, 2],
    [['# new\napps: []', '# new\napps: []'], 1, 1],
    [['# new\napps:', null], 1, 1]
  ] as const) {
    let [loads, waited] = [0, 0]
    const found = await settled(
      async () => {
        const text = texts[loads++]!
        return text === null ? bad : of(text)
      },
      known,
      async () => waited++
    )
    t.equal(found.kind === 'ok' ? found.text : null, texts[last])
    t.equal(waited, waits)
  }
})

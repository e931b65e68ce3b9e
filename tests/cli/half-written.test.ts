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
  t.notOk(isHalfOf('apps: []', 'apps:'), 'somebody may have deleted the rest; it is read again')
})

t.test('a text that may be half written is read until it stays the same', async t => {
  const bad: Loaded = { kind: 'bad', problems: [], file: null, name: '' }
  const open = `${known}  - id: log`
  for (const [texts, last, waits, inUse = known] of [
    [[known], 0, 0],
    [[`# new\n${known}`], 0, 0],
    // Cut at the end of a line; and of a text whose last line has no end.
    [['apps:\n', known], 1, 1],
    [['apps:\n  - id: wiki\n', 'apps:\n  - id: wiki\n'], 1, 1],
    [['apps:\n  - id', open], 1, 1, open],
    [['apps:\n  - id: wiki', 'apps:\n  - id: wiki'], 1, 1, open],
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
      inUse,
      async () => waited++
    )
    t.equal(found.kind === 'ok' ? found.text : null, texts[last])
    t.equal(waited, waits)
  }
})

/** `watch.unusual` in the configuration: its values, and what is refused with its place. */
import t, { type Test } from 'tap'
import { formatProblem } from '../../config/reading/diagnostics.ts'
import { sparesSuspension, stepsOf } from '../../src/unusual/steps.ts'
import { loadWith } from '../fixtures/in-process/configuration.ts'

async function load(t: Test, watch: string) {
  const loaded = await loadAll(t, watch)
  return loaded.kind === 'bad' ? loaded.problems.map(problem => formatProblem(problem)).join('\n') : loaded.config.watch
}

const loadAll = (t: Test, watch: string) => loadWith(t, { top: `watch: ${watch}` })

t.test('its values', async t => {
  const values = {
    learn: 14 * 86_400,
    countries: null,
    strange: ['journal', 'notify'],
    alarming: ['step-up'],
    extreme: ['suspend']
  }
  t.match(await load(t, '{ unusual: {} }'), { unusual: values })
  t.match(await load(t, '{ budgets: [] }'), { unusual: null })
  t.match(await load(t, '{ unusual: { countries: not-there.mmdb } }'), { unusual: { countries: /not-there\.mmdb$/ } })
})

for (const [given, says] of [
  [
    '{ alarming: [suspend, step-up] }',
    /:6:\d+ {2}watch\.unusual\.alarming {2}must name each step once, in the order .*\[step-up, suspend\]/
  ],
  ['{ strange: [notify, notify] }', /watch\.unusual\.strange {2}must name each step once/],
  ['{ strange: [cut] }', /watch\.unusual\.strange\[0\] {2}must be 'journal', 'notify', 'step-up' or 'suspend'/],
  ['{ learn: 100d }', /watch\.unusual\.learn {2}must be from 0s to 90d/],
  ['{ learned: 1d }', /learned/]
] as const)
  t.test(`${given} is refused`, async t => t.match(await load(t, `{ unusual: ${given} }`), says))

t.test('a suspension that no question precedes is warned of', async t => {
  const warnings = async (unusual: string) => {
    const loaded = await loadAll(t, `{ unusual: ${unusual} }`)
    return loaded.kind === 'bad' ? [] : loaded.warnings.map(({ path }) => path).filter(path => /unusual/.test(path))
  }
  t.same(await warnings('{ alarming: [notify], extreme: [suspend] }'), ['watch.unusual.extreme'])
  for (const good of ['{}', '{ alarming: [], extreme: [step-up, suspend] }', '{ alarming: [], extreme: [notify] }'])
    t.same(await warnings(good), [], good)
})

t.test('the steps of a level', async t => {
  const settings = { strange: ['journal', 'notify'], alarming: ['step-up'], extreme: ['suspend'] } as const
  const of = (level: 'strange' | 'alarming' | 'extreme', isLearning = false, isEnforced = true, isSpared = false) =>
    stepsOf({ level, isLearning, isSpared }, settings, isEnforced)
  t.same(of('strange'), ['journal', 'notify'])
  t.same(of('alarming'), ['journal', 'notify', 'step-up'])
  t.same(of('extreme'), ['journal', 'notify', 'step-up', 'suspend'])
  t.same(of('extreme', true), ['journal'], 'while the watch learns')
  t.same(of('extreme', false, false), ['journal', 'notify'], 'at an app that only reports')
  t.same(of('extreme', false, true, true), ['journal', 'notify', 'step-up'], 'with what another site led to')
  const late = { strange: [], alarming: ['notify'], extreme: ['suspend'] } as const
  const spared = { level: 'extreme', isLearning: false, isSpared: true } as const
  t.same(stepsOf(spared, late, true), ['journal', 'notify', 'step-up'], 'a question takes the place of a suspension')
  t.same(stepsOf(spared, { ...late, extreme: [] }, true), ['journal', 'notify'], 'and of nothing else')
  t.equal(sparesSuspension(spared, late, true), true)
  t.equal(sparesSuspension({ ...spared, isSpared: false }, late, true), false)
  t.equal(sparesSuspension(spared, { ...late, extreme: [] }, true), false, 'nothing was due')
  t.equal(sparesSuspension(spared, late, false), false, 'nor for an app that only reports')
  t.equal(sparesSuspension({ ...spared, isLearning: true }, late, true), false, 'nor while the watch learns')
  t.same(stepsOf({ ...spared, level: 'strange' }, { strange: [], alarming: [], extreme: [] }, true), ['journal'])
})

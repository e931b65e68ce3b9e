/** The button under a form of another site, in the script of its page. */
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import t from 'tap'

const source = readFileSync(new URL('../../plugins/portal/assets/kept.js', import.meta.url), 'utf8')

/** The page as its script sees it. `pass` lets the time of all timers come. */
function pageWith(kept: string) {
  const button = { disabled: false }
  const listeners = new Map<string, () => void>()
  const timers = new Map<number, () => void>()
  let last = 0
  const listen = (name: string, listener: () => void) => void listeners.set(name, listener)
  vm.runInNewContext(source, {
    document: {
      querySelector: () => ({ dataset: { kept }, querySelector: () => button, addEventListener: listen }),
      addEventListener: listen
    },
    addEventListener: listen,
    setTimeout: (work: () => void) => {
      timers.set(++last, work)
      return last
    },
    clearTimeout: (id: number) => void timers.delete(id)
  })
  const pass = () => {
    for (const [id, work] of [...timers]) {
      timers.delete(id)
      work()
    }
  }
  return { button, fire: (name: string) => listeners.get(name)?.(), pass }
}

t.test(
  'R24 CWE-1021 · a window closes between the clicks of a double click, above a form of another site → the second presses nothing',
  async t => {
    const { button, fire, pass } = pageWith('foreign')
    t.ok(button.disabled, 'when it appears')
    pass()
    t.notOk(button.disabled, 'then people can press it')
    for (const event of ['focus', 'visibilitychange']) {
      fire(event)
      t.ok(button.disabled, `when it comes to the front: ${event}`)
      pass()
      t.notOk(button.disabled)
    }
    t.notOk(pageWith('script').button.disabled, 'what the app’s own page has sent waits for nothing')
  }
)

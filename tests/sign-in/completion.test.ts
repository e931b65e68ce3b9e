/** Which sign-ins give an address back the attempt that they counted there (THREATS M11). */
import t from 'tap'
import type { ProofKind } from '../../src/factor/proof.ts'
import type { SignedCaller } from '../../src/sign-in/caller.ts'
import { Completion } from '../../src/sign-in/completion.ts'

const directory = (id: string) => ({ id, authenticate: async () => ({ kind: 'refused' }) as const })
const completion = new Completion({
  passwordLogin: { completed: async () => {}, isNewBrowser: async () => false },
  directories: { passwords: [directory('local'), directory('ldap')] },
  signOut: undefined as never,
  journal: undefined as never
})

t.test('M11: an address gets an attempt back only for a password that was tried there', async t => {
  const rows: [string, string, ProofKind[], string, boolean, boolean][] = [
    ['a local password', 'local', ['password'], 'here', false, true],
    ['a password that a directory has checked', 'ldap', ['directory'], 'here', false, true],
    ['one together with an invitation', 'ldap', ['directory', 'invitation'], 'here', false, true],
    ['a sign-in at an institution', 'campus', ['directory'], 'here', false, false],
    ['one together with an invitation', 'campus', ['directory', 'invitation'], 'here', false, false],
    ['a password that an invitation has set', 'local', ['invitation', 'password'], 'here', false, false],
    ['a password from another address', 'local', ['password'], 'elsewhere', false, false],
    ['a step-up', 'local', ['password', 'totp'], 'here', true, false]
  ]
  for (const [title, id, kinds, address, isFullySignedIn, isCounted] of rows) {
    const principal = {
      account: { directory: id },
      proofs: kinds.map(kind => ({ kind })),
      session: { device: { address } },
      isFullySignedIn
    }
    t.equal(
      completion.isCounted({ principal, address: 'here' } as unknown as SignedCaller),
      isCounted,
      `${title} (${id})`
    )
  }
})

t.test('a sign-in in a new browser is recorded, before the browser is known', async t => {
  const calls: string[] = []
  for (const isNew of [true, false]) {
    const all = new Completion({
      passwordLogin: {
        isNewBrowser: async (_, browser) => {
          calls.push(`asked for ${browser}`)
          return isNew
        },
        completed: async () => void calls.push('known')
      },
      directories: { passwords: [] },
      signOut: undefined as never,
      journal: { newBrowser: () => calls.push('recorded') } as never
    })
    await all.know({ address: 'here', browser: 'cookie' } as never, {} as never, false)
  }
  t.same(calls, ['asked for cookie', 'known', 'recorded', 'asked for cookie', 'known'])
})

/** THREATS S18 and S19: a cookie jar that is used elsewhere, and proofs of a device key that are replayed, forged or sent to another host. */
import { identifierOf } from '../../../src/device/wire.ts'
import { testDevice } from '../../fixtures/in-process/device.ts'
import { deviceWorld, lifetimeSeconds } from '../../fixtures/in-process/device-world.ts'
import type { Row } from '../table.ts'

export const deviceRows: readonly Row[] = [
  {
    id: 'S18',
    refs: '',
    tried: 'a whole cookie jar is used on another machine',
    safe: 'where the sign-in is bound, nothing after minutes, no other host, no new key',
    async run(t) {
      const { time, binding, bound, sessions, proof, visit, offered } = await deviceWorld()
      const { answer, principal } = await bound()
      t.equal(binding.bindingOf(principal, null), 'stale', 'the token alone')
      time.advance(lifetimeSeconds + 31)
      t.equal(binding.bindingOf(principal, answer.cookie), 'stale', 'with its cookie, after its life')
      const stepped = await sessions.prove(principal, proof('totp'))
      t.equal(binding.bindingOf(stepped!.principal, answer.cookie), 'stale', 'a step-up by the owner does not help')
      t.equal(binding.offer(stepped!.principal), null, 'nor is there a new key to be had')
      const { principal: unbound } = await visit(stepped!.principal, 'app')
      const challenge = offered(unbound)
      time.advance(121)
      t.match(
        await binding.register('app', testDevice().register(challenge)),
        { why: 'late' },
        'an unbound token, later'
      )
      t.equal(binding.bindingOf(stepped!.principal, answer.cookie.replace(/^[^.]+/, 'zzzzzz')), 'stale')
    }
  },
  {
    id: 'S19',
    refs: '',
    tried: 'a proof of a device key is replayed, forged, changed in its algorithm or sent to another host',
    safe: 'it is spent once, on its host, with the key that is registered; the owner loses nothing',
    async run(t) {
      const { binding, bound, find } = await deviceWorld()
      const { browser, answer, token } = await bound()
      const { identifier, nextChallenge } = answer
      const said = async (header: string | null, host = 'gate', id = identifier) => {
        const got = await binding.refresh(host, id, header)
        return got.kind === 'challenge' || got.kind === 'refused' ? got.why : got.kind
      }
      t.equal(await said(testDevice().refresh(nextChallenge)), 'signature')
      t.equal(await said(browser.refresh(nextChallenge, { header: { alg: 'none' } })), 'unreadable')
      t.equal(await said(browser.refresh(nextChallenge, { header: { alg: 'RS256' } })), 'signature')
      t.equal(await said(browser.refresh(nextChallenge), 'app'), 'unreadable')
      const session = identifier.slice(0, identifier.lastIndexOf('.'))
      t.equal(await said(browser.refresh(nextChallenge), 'app', identifierOf(session, 'app')), 'ended')
      const proof = browser.refresh(nextChallenge)
      t.equal(await said(proof), 'refreshed')
      t.equal(await said(proof), 'spent')
      t.equal(binding.bindingOf((await find('gate', token))!, answer.cookie), 'fresh')
    }
  }
]

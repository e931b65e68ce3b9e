/** Whatever ends a person's access cuts what runs at every gate, and what the person asks next says why: the page, a fetch, and a verdict. */
import path from 'node:path'
import t from 'tap'
import { newId } from '../../src/ids.ts'
import { suspendByWatch } from '../../src/services/watch-suspension.ts'
import { navigation, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { textOf } from '../fixtures/pipeline/visitor.ts'
import { temporaryDirectory } from '../fixtures/process/redis-server.ts'

interface Access {
  readonly account: string
  /** One of the account's two, and the authenticator that it has shown. */
  readonly session: string
  readonly authenticator: string
}

interface End {
  readonly title: string
  readonly end: (gate: Running, of: Access) => Promise<unknown>
  /** On the page, and in JSON. */
  readonly says: RegExp
  readonly endsOther: boolean
}

const ends: readonly End[] = [
  {
    title: 'a suspension by the watch',
    end: ({ server: { runtime } }, { account }) =>
      suspendByWatch(
        { account, words: { why: '5 GiB left today.' }, cause: 'budget', at: Date.now(), sink: runtime.journal },
        runtime
      ),
    says: /Your access is suspended.*The reason: “5 GiB left today\.”/,
    endsOther: true
  },
  {
    title: 'a session that an operator revokes with a reason',
    end: ({ server }, { session }) => server.runtime.sessions.end(session, 'revoked', 'A laptop was lost.'),
    says: /The people who run this gate ended your sign-in ?\. The reason: “A laptop was lost\.”/,
    endsOther: false
  },
  {
    title: 'a session that its person ends elsewhere',
    end: ({ server }, { session }) => server.runtime.sessions.end(session, 'revoked'),
    says: /Your sign-in was ended: by you on another device/,
    endsOther: false
  },
  {
    title: 'a suspension by an operator',
    end: async ({ server: { runtime } }, { account }) => {
      await runtime.accounts.suspend(account, 'The badge was returned.')
      await runtime.sessions.endAccount(account, 'suspended')
    },
    says: /Your access is suspended.*The reason: “The badge was returned\.”/,
    endsOther: true
  },
  {
    title: 'all sessions of a person',
    end: ({ server }, { account }) => server.runtime.sessions.endAccount(account, 'revoked', undefined, 'New rules.'),
    says: /The reason: “New rules\.”/,
    endsOther: true
  },
  {
    title: 'an authenticator that is removed',
    end: async ({ server: { runtime } }, { account, authenticator }) => {
      await runtime.credentials.remove(account, authenticator)
      await runtime.sessions.endProvedBy(account, authenticator)
    },
    says: /Your second factors were changed\. That ended this sign-in ?\./,
    endsOther: false
  },
  {
    title: 'a changed password',
    end: ({ server }, { account }) => server.runtime.sessions.endAccount(account, 'password_changed'),
    says: /Your password was changed\. That ended this sign-in ?\./,
    endsOther: true
  },
  {
    title: 'somebody who says that it was not they',
    end: ({ server }, { session }) => server.runtime.sessions.end(session, 'not_me'),
    says: /That was not me/,
    endsOther: false
  }
]

async function authenticatorOf({ server }: Running, accountId: string): Promise<string> {
  const id = newId()
  await server.runtime.credentials.add(sampleTotp({ id, accountId, name: id }))
  return id
}

/** A session of a person, with its cookies at the portal and at the app. */
async function signIn(gate: Running, accountId: string) {
  const { sessions } = gate.server.runtime
  const [at, authenticator] = [Date.now(), await authenticatorOf(gate, accountId)]
  const { principal, token } = await sessions.start({
    accountId,
    proof: { kind: 'password', at, userVerified: false },
    more: [{ kind: 'totp', at, userVerified: false, credentialId: authenticator }],
    device: { userAgent: 'test', address: '127.0.0.1' },
    host: `gate.localhost:${gate.port}`
  })
  const host = `files.localhost:${gate.port}`
  const cookie = `factorgate=${await tokenAt(sessions, principal, host)}`
  return { authenticator, session: principal.session.id, portal: `factorgate=${token}`, cookie }
}

t.test(
  'O6 · a person whose access has ended goes on with what runs, at another gate → it is cut, and what is asked next says why',
  async t => {
    const { url } = await startTorrent(t)
    const options = {
      store: `embedded:${path.join(temporaryDirectory(t), 'store')}`,
      extra: 'trustedProxies: [127.0.0.1]',
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`
    }
    const one = await startGateway(t, options)
    const two = await startGateway(t, { ...options, beside: one })
    const [files, verdicts] = [`${one.origin('files')}/1`, `${one.origin('files')}/.factorgate/auth`]
    for (const [n, { title, end, says, endsOther }] of ends.entries()) {
      const { id: account } = await one.account(`alice-${n}`)
      const [ended, other] = [await signIn(one, account), await signIn(one, account)]
      const begin = (gate: Running, { cookie }: { cookie: string }) =>
        download(gate.port, `${one.origin('files')}/quiet`, { cookie })
      const running = [await begin(one, ended), await begin(two, ended)]
      const beside = await begin(two, other)
      t.same(
        [...running, beside].map(({ status }) => status),
        [200, 200, 200]
      )
      await end(one, { account, session: ended.session, authenticator: ended.authenticator })
      t.same(await Promise.all(running.map(transfer => transfer.end)), [false, false], `${title}: both are cut`)

      for (const gate of [one, two]) {
        const { cookie } = ended
        const fetched = await gate.request('GET', files, {
          cookie,
          'sec-fetch-mode': 'cors',
          'sec-fetch-dest': 'empty'
        })
        t.equal(fetched.status, 401, title)
        const { error } = JSON.parse(fetched.body)
        t.match(
          error,
          { code: 'sign_in_required', message: says, challengeUrl: `${one.portal}/.factorgate/login?` },
          title
        )
        const helps = !/suspended/.test(error.message)
        t.equal(/ Sign in first\.$/.test(error.message), helps, `${title}: signing in is named where it helps`)
        const asked = { 'x-original-url': files, 'x-original-method': 'GET' }
        const verdict = await gate.request('GET', verdicts, { cookie, ...asked })
        t.equal(JSON.parse(verdict.body).error.message, error.message, `${title}: a verdict`)
        const clicked = await gate.request('GET', files, { cookie, ...navigation })
        t.equal(clicked.status, 302)
        const to = String(clicked.headers.location)
        const head = await gate.request('HEAD', to, { cookie: ended.portal, ...navigation })
        const expires = /^factorgate=;/
        t.notOk(
          [head.headers['set-cookie'] ?? []].flat().some(line => expires.test(line)),
          `${title}: not told by HEAD`
        )
        const page = await gate.request('GET', to, { cookie: ended.portal, ...navigation })
        if (page.status === 200)
          t.match(page.headers['set-cookie']?.join('\n'), /^factorgate=;/m, `${title}: told once`)
        t.match(textOf(page.body), says, `${title}: the page`)
      }
      if (endsOther) t.equal(await beside.end, false, `${title}: the other session too`)
      else
        t.equal((await one.request('GET', files, { cookie: other.cookie })).status, 200, `${title}: no other session`)
      beside.stop()
    }
    const fetchOf = async (cookie: string) => JSON.parse((await one.request('GET', files, { cookie })).body).error
    t.equal((await fetchOf(`factorgate=${'A'.repeat(43)}`)).message, 'Sign in first.', 'a stranger reads nothing')
    const { id } = await one.account('bob')
    const { cookie } = await signIn(one, id)
    const { accounts, sessions } = one.server.runtime
    await accounts.suspend(id, 'By mistake.')
    await sessions.endAccount(id, 'suspended')
    await accounts.resume(id)
    t.equal((await fetchOf(cookie)).message, 'Sign in first.', 'nor does a person who was let in again')
  }
)

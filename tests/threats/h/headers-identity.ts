/** THREATS H1 to H6 and H21 to H23: a client that claims an identity, in every spelling or twice. */
import type { Test } from 'tap'
import type { Recorded } from '../../fixtures/in-process/upstream.ts'
import { head, type Lab, navigating, readReplies, refused, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import type { Row } from '../table.ts'
import { folded, forwardingNames, identityNames, spellings, tokenMarks } from './claims.ts'

/** The values of all lines that name-folding servers put into one variable. */
export function saidAs(request: Recorded, name: string): string[] {
  return request.headers.filter(([key]) => folded(key) === folded(name)).map(([, value]) => value)
}

/** Marks every claimed value. */
const claimed = 'zz-claimed'

export function identityRows(lab: Lab): Row[] {
  /** The app's request for one GET with these lines. Fails if it contains a claimed value. */
  const told = async (t: Test, target: string, lines: readonly string[], what: string): Promise<Recorded> => {
    const seen = await lab.seen(async () => t.equal((await lab.ask(target, lines)).status, 200, what))
    t.notMatch(seen.raw.toString('latin1'), claimed, `${what}: no claimed value arrives`)
    return seen
  }
  const inBatches = async (names: readonly string[], act: (batch: readonly string[]) => Promise<void>) => {
    for (let i = 0; i < names.length; i += 45) await act(names.slice(i, i + 45))
  }

  return [
    {
      id: 'H1',
      refs: 'CVE-2026-30851 GHSA-7r4p-vjf4-gxv4 (Caddy)',
      tried: 'a person without groups sends the groups headers',
      safe: 'none arrives',
      run: async t => {
        const nora = await lab.cookieOf('nora', [])
        const lines = [nora, `Remote-Groups: ${claimed}`, `X-Auth-Groups: ${claimed}`, `X-Forwarded-Groups: ${claimed}`]
        const seen = await told(t, '/', lines, 'nora')
        t.same(saidAs(seen, 'remote-user'), ['nora'])
        t.same(saidAs(seen, 'remote-groups'), [])
      }
    },
    {
      id: 'H2',
      refs: 'CVE-2026-52845 GHSA-f59h-q822-g45g (Caddy)',
      tried: 'names that CGI, PHP and WSGI fold into ours: every token mark for `-`',
      safe: 'none arrives, ours once',
      run: async t => {
        for (const name of ['Remote-User', 'X-Auth-User', 'Remote-Groups']) {
          const variants = tokenMarks.flatMap(mark => [
            name.replaceAll('-', mark),
            name.replace('-', mark).toUpperCase()
          ])
          const seen = await told(t, '/', [lab.alice, ...variants.map(variant => `${variant}: ${claimed}`)], name)
          t.same(saidAs(seen, 'remote-user'), ['alice'])
          t.same(saidAs(seen, 'remote-groups'), ['researchers'])
          t.same(saidAs(seen, 'x-auth-user'), [])
        }
      }
    },
    {
      id: 'H3',
      refs: 'CVE-2025-64484 GHSA-vjrc-mh2v-45x6 (oauth2-proxy)',
      tried: `${identityNames.length + forwardingNames.length} identity and forwarding names × ${spellings.length} spellings × blanks around the value`,
      safe: 'none arrives, ours once each',
      run: async t => {
        for (const [title, spell] of spellings)
          await inBatches([...identityNames, ...forwardingNames], async batch => {
            const lines = batch.map(
              (name, i) => `${spell(name)}:${[' ', '', '\t \t'][i % 3]}${claimed}${i % 2 ? ' ' : ''}`
            )
            const seen = await told(t, '/', [lab.alice, ...lines], title)
            const once: [string, string][] = [
              ['remote-user', 'alice'],
              ['remote-name', 'alice'],
              ['remote-email', 'alice@lab.example'],
              ['remote-groups', 'researchers'],
              ['x-forwarded-for', '127.0.0.1'],
              ['x-forwarded-host', lab.host],
              ['x-forwarded-proto', 'http']
            ]
            for (const [name, value] of once) t.same(saidAs(seen, name), [value], `${title}: ${name}`)
          })
      }
    },
    {
      id: 'H4',
      refs: 'CVE-2026-39858 GHSA-5m6w-wvh7-57vm (Traefik)',
      tried: 'aliases with underscores of forwarding headers on a protected path, not signed in',
      safe: 'to the sign-in page by configured addresses; nothing upstream',
      run: async t => {
        const lines = ['X_Forwarded_Proto: https', 'X_Forwarded_Host: evil.test', 'X_Forwarded_Uri: /public/a']
        await lab.nothingUpstream(t, async () => {
          turnedAway(t, lab, await lab.ask('/private', lines), 'a program')
          const reply = await lab.ask('/private', [...navigating, ...lines])
          turnedAway(t, lab, reply, 'a browser')
          const location = new URL(values(reply, 'location')[0]!)
          t.equal(location.searchParams.get('rd'), `http://${lab.host}/private`)
        })
      }
    },
    {
      id: 'H5',
      refs: 'CVE-2026-54763 GHSA-x677-9fxg-v5c5, CVE-2026-33433 GHSA-qr99-7898-vr7c (Traefik)',
      tried: 'identity headers configured as x-AUTH-user and X_Wiki_Groups; every spelling of them sent',
      safe: 'ours once, no other',
      run: async t => {
        const names = ['x-AUTH-user', 'X_Wiki_Groups', 'x.mail.address']
        for (const [title, spell] of spellings) {
          const claims = names.flatMap(name => [spell(name), spell(name.replace(/[._]/g, '-'))])
          const seen = await told(t, '/odd/x', [lab.alice, ...claims.map(name => `${name}: ${claimed}`)], title)
          t.same(saidAs(seen, 'x-auth-user'), ['alice'], title)
          t.same(saidAs(seen, 'x-wiki-groups'), ['researchers'], title)
          t.same(saidAs(seen, 'x-mail-address'), ['alice@lab.example'], title)
        }
        const nils = await lab.cookieOf('nils', [])
        const seen = await told(t, '/odd/x', [nils, `X-Wiki-Groups: ${claimed}`], 'without groups')
        t.same(saidAs(seen, 'x-wiki-groups'), [])
      }
    },
    {
      id: 'H6',
      refs: 'CVE-2026-35051 GHSA-6384-m2mw-rf54 (Traefik)',
      tried: 'every forwarding name with the value of a public path, not signed in and signed in',
      safe: 'the decision is the same; none arrives, X-Forwarded-Prefix is ours',
      run: async t => {
        await lab.nothingUpstream(t, async () => {
          await inBatches(forwardingNames, async batch => {
            const lines = batch.map(name => `${name}: /public/${claimed}`)
            turnedAway(t, lab, await lab.ask('/private', lines), 'all at once')
          })
          for (const name of ['X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Original-URL', 'X-Rewrite-URL', 'Forwarded'])
            turnedAway(t, lab, await lab.ask('/private', [`${name}: /public/a`]), name)
        })
        await inBatches(forwardingNames, async batch => {
          const seen = await told(t, '/', [lab.alice, ...batch.map(name => `${name}: /public/${claimed}`)], 'signed in')
          t.same(saidAs(seen, 'x-forwarded-prefix'), [])
        })
        const inside = await told(t, '/odd/x', [lab.alice, `X-Forwarded-Prefix: /${claimed}`], 'sub-path')
        t.same(saidAs(inside, 'x-forwarded-prefix'), ['/odd'])
      }
    },
    {
      id: 'H21',
      refs: 'mod_auth_openidc 2.4.x (ChangeLog)',
      tried: 'claims on public paths and on OPTIONS, signed in or not',
      safe: 'stripped there too; OPTIONS of a protected path goes nowhere',
      run: async t => {
        const claims = ['Remote-User', 'remote_user', 'X-Auth-User', 'X-Forwarded-For'].map(
          name => `${name}: ${claimed}`
        )
        const preflight = ['Origin: https://other.test', 'Access-Control-Request-Method: PUT']
        for (const method of ['GET', 'OPTIONS', 'HEAD', 'POST']) {
          const stranger = await lab.seen(() => lab.ask('/public/a', [...claims, ...preflight], { method }))
          t.notMatch(stranger.raw.toString('latin1'), claimed, method)
          t.same(saidAs(stranger, 'remote-user'), [], `${method}: nobody is nobody`)
          const known = await lab.seen(() => lab.ask('/public/a', [lab.alice, ...claims], { method }))
          t.notMatch(known.raw.toString('latin1'), claimed, method)
        }
        await lab.nothingUpstream(t, async () => {
          turnedAway(t, lab, await lab.ask('/private', [...claims, ...preflight], { method: 'OPTIONS' }), 'preflight')
        })
      }
    },
    {
      id: 'H22',
      refs: 'Shibboleth SP SpoofingBug, IIS underscore bug',
      tried: 'a person without mail address and groups sends each of them, with `-` and `_`',
      safe: 'stays absent',
      run: async t => {
        const { accounts } = lab.gate.server.runtime
        const { cookies } = await lab.gate.signIn(await accounts.create({ name: 'bare' }), 'app')
        for (const name of ['Remote-Email', 'Remote_Email', 'REMOTE-EMAIL', 'Remote-Groups', 'Remote_Groups']) {
          const seen = await told(t, '/', [`Cookie: ${cookies.app}`, `${name}: ${claimed}`], name)
          t.same(saidAs(seen, 'remote-user'), ['bare'])
          t.same([...saidAs(seen, 'remote-email'), ...saidAs(seen, 'remote-groups')], [], name)
        }
      }
    },
    {
      id: 'H23',
      refs: '',
      tried: 'an identity header twice; Host, Content-Type, Authorization, Origin, Referer twice',
      safe: 'exactly one of ours; the others are 400 and go nowhere',
      run: async t => {
        const lines = [`Remote-User: ${claimed}`, 'X-Kept: 1', `remote-user: ${claimed}`, 'X-Kept: 2']
        const seen = await told(t, '/', [lab.alice, ...lines], 'twice')
        t.same(saidAs(seen, 'remote-user'), ['alice'])
        t.same(saidAs(seen, 'x-kept'), ['1', '2'], 'what may stand twice does')
        await lab.nothingUpstream(t, async () => {
          for (const name of ['Host', 'Content-Type', 'Authorization', 'Origin', 'Referer', 'X-CSRF']) {
            const own = name === 'Host' ? [] : [`${name}: one`]
            for (const other of [name, name.toLowerCase(), name.toUpperCase()]) {
              const two = [lab.alice, ...own, `${other}: two`]
              refused(t, await lab.ask('/public/a', two), [400], `${name} and ${other}`)
            }
          }
          const before = `GET /public/a HTTP/1.1\r\nHost: evil.test\r\n${head(lab.host, '/').split('\r\n').slice(1).join('\r\n')}`
          refused(t, readReplies(await lab.raw(before))[0]!, [400], 'a foreign Host first')
        })
      }
    }
  ]
}

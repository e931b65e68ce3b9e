/** Where SAML metadata comes from: files, addresses and MDQ servers that are signed, expired, changed, huge, slow or down; and what is found in it. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import {
  type KeptMetadata,
  type MetadataSource,
  metadataSource,
  type SourceOptions
} from '../../../src/identity/saml/metadata-source.ts'
import { makePair, SamlProvider, signXml } from '../../fixtures/in-process/saml-provider.ts'
import { longestTurnMs, mainThreadMs } from '../../fixtures/process/cpu-time.ts'
import { until } from '../../fixtures/process/redis-server.ts'

const federation = makePair(t, 'federation')
const stranger = makePair(t, 'stranger')
const idp = makePair(t, 'idp')
const one = new SamlProvider('https://one.example/entity', idp, ['one.example'])
const two = new SamlProvider('https://two.example/entity', idp, ['two.example'])

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
const list = (inside: string, attributes = `ID="all" validUntil="${inDays(5)}"`) =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${inside}</md:EntitiesDescriptor>`
const both = one.metadata() + two.metadata()
const signed = (xml: string, pair = federation) => signXml(xml, 'all', pair)

/** A server whose answers can be changed, and that counts what it was asked. */
async function serve(t: Test) {
  const state = {
    answer: (_path: string): { status?: number; body?: string; etag?: string } | 'hang' => ({ status: 503 }),
    asked: [] as string[]
  }
  const server = http.createServer((request, response) => {
    state.asked.push(request.url!)
    const answer = state.answer(request.url!)
    if (answer === 'hang') return
    const { status = 200, body = '', etag } = answer
    if (etag !== undefined && request.headers['if-none-match'] === etag) return response.writeHead(304).end()
    return response.writeHead(status, etag === undefined ? {} : { etag }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

function open(t: Test, from: SourceOptions['from'], more: Partial<SourceOptions> = {}) {
  const problems: string[] = []
  const source = metadataSource({
    from,
    certificate: from.kind === 'file' ? null : federation.certificate,
    ca: null,
    only: null,
    refreshSeconds: 3600,
    clock: Date.now,
    kept: new Map(),
    copies: null,
    onChange: state => 'problem' in state && problems.push(state.problem),
    ...more
  })
  t.teardown(() => source.close())
  return { source, problems }
}

const found = (source: MetadataSource, id = one.entityId) =>
  source.find(id).then(
    provider => provider?.entityId ?? null,
    error => (error.cause as Error).message
  )

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['unsigned', list(both), /not signed/],
  ['signed by somebody else', signed(list(both), stranger), /another key/],
  [
    'changed after it was signed',
    signed(list(both)).replace('one.example/entity/sso', 'evil.example/entity/sso'),
    /changed after/
  ],
  ['expired', signed(list(both, `ID="all" validUntil="${inDays(-1)}"`)), /expired at/],
  ['without an end', signed(list(both, 'ID="all"')), /how long it is valid/],
  ['with an end that is none', signed(list(both, 'ID="all" validUntil="soon"')), /is no time/],
  ['one entity twice', signed(list(one.metadata() + one.metadata())), /twice/],
  [
    'wrapped in another list',
    list(`${two.metadata()}${signed(list(one.metadata()))}`, `ID="outer" validUntil="${inDays(5)}"`),
    /not signed/
  ],
  [
    'wrapped in extensions',
    list(
      `<md:Extensions>${signed(list(one.metadata()))}</md:Extensions>${two.metadata()}`,
      `ID="outer" validUntil="${inDays(5)}"`
    ),
    /not signed/
  ],
  [
    'an entity beside the signed ones',
    signed(list(one.metadata())).replace('</md:EntitiesDescriptor>', `${two.metadata()}</md:EntitiesDescriptor>`),
    /changed after/
  ],
  ['a DOCTYPE', `<!DOCTYPE x [<!ENTITY a "b">]>${signed(list(both))}`, /DOCTYPE/],
  ['half of it', signed(list(both)).slice(0, -200), /ends in the middle|well-formed/],
  ['nothing', '', /empty/],
  ['a page of a portal', '<html><body>Sign in to the network</body></html>', /no SAML metadata/],
  ['another encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${list(both)}`, /only UTF-8/]
]

t.test(
  'I22 SAML Metadata §4.1 · metadata unsigned, wrapped, changed, expired, without an end, with a DOCTYPE → refused',
  async t => {
    const server = await serve(t)
    for (const [name, body, why] of refused) {
      server.answer = () => ({ body })
      const { source, problems } = open(t, { kind: 'url', address: `${server.url}/all.xml` })
      t.match(await found(source), why, name)
      t.match(problems, [why])
    }
  }
)

t.test(
  'an entity counts until the end of itself, of its role or of a list around it, and not with an end that is no time',
  async t => {
    const ending = (at: string, where: 'entity' | 'role') =>
      two
        .metadata()
        .replace(where === 'entity' ? '<md:EntityDescriptor ' : '<md:IDPSSODescriptor ', `$&validUntil="${at}" `)
    const inner = (inside: string, at: string) =>
      `<md:EntitiesDescriptor validUntil="${at}">${inside}</md:EntitiesDescriptor>`
    const cases: readonly (readonly [string, string])[] = [
      ['of itself', ending(inDays(-1), 'entity')],
      ['of itself, in words', ending('soon', 'entity')],
      ['of its role', ending(inDays(-1), 'role')],
      ['of its role, in words', ending('soon', 'role')],
      ['of a list around it', inner(two.metadata(), inDays(-1))],
      ['of a list around a list', inner(inner(two.metadata(), inDays(2)), inDays(-1))],
      ['of a list inside of a list', inner(inner(two.metadata(), inDays(-1)), inDays(2))],
      ['of a list around it, while its own is later', inner(ending(inDays(2), 'entity'), inDays(-1))]
    ]
    const server = await serve(t)
    for (const [name, part] of cases) {
      server.answer = () => ({ body: signed(list(part + one.metadata())) })
      const { source } = open(t, { kind: 'url', address: `${server.url}/all.xml` })
      t.equal(await found(source, two.entityId), null, name)
      t.equal(await found(source), one.entityId, `${name}: what stands after it counts`)
    }
    let now = Date.now()
    server.answer = () => ({ body: signed(list(inner(ending(inDays(2), 'role'), inDays(3)) + one.metadata())) })
    const { source } = open(t, { kind: 'url', address: `${server.url}/all.xml` }, { clock: () => now })
    t.equal(await found(source, two.entityId), two.entityId)
    now += 2.5 * 86_400_000
    t.equal(await found(source, two.entityId), null, 'it ends while the gate runs')
    t.equal(await found(source), one.entityId)
  }
)

t.test('a server that is down is told from metadata that is wrong', async t => {
  const server = await serve(t)
  const { source } = open(t, { kind: 'url', address: server.url })
  t.match(await found(source), /status 503/)
  t.match(source.problem, /status 503/)
  t.match(
    await found(open(t, { kind: 'url', address: 'http://127.0.0.1:1/' }).source),
    /cannot be reached: ECONNREFUSED/
  )
  t.match(await found(open(t, { kind: 'file', address: '/nowhere/at/all.xml' }).source), /cannot be read: ENOENT/)
})

t.test('what was read stays over a reload while its server is down, until it expires', async t => {
  const server = await serve(t)
  server.answer = () => ({ body: signed(list(both)), etag: '"1"' })
  const kept: KeptMetadata = new Map()
  let now = Date.now()
  const more = { kept, clock: () => now }
  const from = { kind: 'url', address: `${server.url}/all.xml` } as const
  t.equal(await found(open(t, from, more).source), one.entityId)
  t.equal(await found(open(t, from, more).source, two.entityId), two.entityId, 'the same version is not read again')
  server.answer = () => ({ status: 503 })
  t.equal(await found(open(t, from, more).source), one.entityId)
  now += 6 * 86_400_000
  t.match(await found(open(t, from, more).source), /cannot be used/, 'and not after its end')
})

t.test('a gate that starts while the server is down reads the copy of an earlier one', async t => {
  const server = await serve(t)
  const copies = path.join(t.testdir({}), 'copies')
  const from = { kind: 'url', address: `${server.url}/all` } as const
  let now = Date.now()
  const start = (more: Partial<SourceOptions> = {}) => open(t, from, { copies, clock: () => now, ...more })
  const down = () => ({ status: 503 })
  server.answer = () => ({ body: signed(list(both)) })
  t.equal(await found(start().source), one.entityId)
  server.answer = down
  const [file = ''] = readdirSync(copies)
  t.equal(readdirSync(copies).length, 1, 'nothing unfinished is left')
  t.equal(statSync(path.join(copies, file)).mode & 0o777, 0o600)
  t.equal(await found(start().source), one.entityId, 'from the copy')
  server.answer = () => 'hang'
  t.equal(await found(start().source), one.entityId, 'at once, where the server never answers')
  server.answer = down
  t.match(
    await found(start({ certificate: stranger.certificate }).source),
    /503/,
    'for another certificate there is none'
  )
  const whole = readFileSync(path.join(copies, file), 'utf8')
  writeFileSync(path.join(copies, file), whole.replace('one.example/entity/sso', 'evil.example/entity/sso'))
  t.match(await found(start().source), /503/, 'a changed copy does not count')
  writeFileSync(path.join(copies, file), whole)
  now += 6 * 86_400_000
  t.match(await found(start().source), /503/, 'nor does one that has expired')
  now -= 6 * 86_400_000
  server.answer = () => ({ body: signed(list(two.metadata())) })
  const fresh = start().source
  await until('the server is believed', async () => (await fresh.find(one.entityId)) === null)
  t.equal(
    await found(start({ copies: path.join(copies, file, 'x') }).source, two.entityId),
    two.entityId,
    'a folder that cannot be made harms nobody'
  )
})

t.test('of an MDQ server, each provider that was asked for is kept', async t => {
  const server = await serve(t)
  const copies = path.join(t.testdir({}), 'copies')
  const from = { kind: 'mdq', address: server.url } as const
  const entity = one
    .metadata()
    .replace('<md:EntityDescriptor ', `<md:EntityDescriptor ID="all" validUntil="${inDays(5)}" `)
  server.answer = () => ({ body: signed(entity) })
  t.equal(await found(open(t, from, { copies }).source), one.entityId)
  server.answer = () => ({ status: 503 })
  t.equal(await found(open(t, from, { copies }).source), one.entityId)
  t.match(await found(open(t, from, { copies }).source, two.entityId), /503/)
  server.answer = () => ({ status: 404 })
  t.equal(await found(open(t, from, { copies }).source), null, 'one that is gone there is gone here')
})

t.test('an MDQ server is asked by the hash of the entity id, once', async t => {
  const server = await serve(t)
  const hash = createHash('sha1').update(one.entityId).digest('hex')
  const entity = one
    .metadata()
    .replace('<md:EntityDescriptor', `<md:EntityDescriptor ID="all" validUntil="${inDays(2)}"`)
  server.answer = asked => (asked === `/entities/%7Bsha1%7D${hash}` ? { body: signed(entity) } : { status: 404 })
  const { source, problems } = open(t, { kind: 'mdq', address: server.url })
  t.equal(await found(source), one.entityId)
  t.equal(await found(source), one.entityId)
  t.equal(server.asked.length, 1)
  t.equal(await found(source, two.entityId), null, 'one that it does not know')
  t.match(
    (await source.search(one.entityId, 10)).found,
    [{ entityId: one.entityId }],
    'a whole entity id is found by a search'
  )
  t.same((await source.search('uni', 10)).found, [])
  t.same(problems, [])
  server.answer = () => ({ body: signed(entity) })
  const { source: lying } = open(t, { kind: 'mdq', address: server.url })
  t.equal(await found(lying, two.entityId), null, 'the signed metadata of another entity does not count')
})

t.test('I23 · made-up entity ids → those that are known are found', async t => {
  const server = await serve(t)
  const entity = one
    .metadata()
    .replace('<md:EntityDescriptor', `<md:EntityDescriptor ID="all" validUntil="${inDays(2)}"`)
  server.answer = () => ({ body: signed(entity) })
  let later = 0
  const { source } = open(t, { kind: 'mdq', address: server.url }, { clock: () => Date.now() + later })
  t.equal(await found(source), one.entityId)
  server.answer = () => 'hang'
  later = 2 * 3_600_000
  const strangers = [1, 2, 3, 4].map(each => found(source, `https://stranger.example/${each}`))
  t.match(await found(source, 'https://stranger.example/5'), /too many questions/)
  t.equal(await found(source), one.entityId, 'although it would be asked for anew')
  t.equal(await found(source, `https://stranger.example/${'x'.repeat(1100)}`), null, 'no entity id is that long')
  source.close()
  await Promise.all(strangers)
})

t.test('a search finds names in any language, without accents, and leaves out those that hide', async t => {
  const ui = (texts: string) => `<mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">${texts}</mdui:UIInfo>`
  const named = one.metadata({
    extensions: ui(
      '<mdui:DisplayName xml:lang="de">Universität Köln &amp; Größe</mdui:DisplayName><mdui:DisplayName xml:lang="en">University of Cologne</mdui:DisplayName><mdui:Keywords xml:lang="en">rhine cathedral+city</mdui:Keywords>'
    )
  })
  const category =
    '<md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Attribute Name="http://macedir.org/entity-category"><saml:AttributeValue>http://refeds.org/category/hide-from-discovery</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes></md:Extensions>'
  const hidden = two.metadata().replace('<md:IDPSSODescriptor', `${category}<md:IDPSSODescriptor`)
  const file = path.join(t.testdir({}), 'all.xml')
  writeFileSync(file, list(named + hidden))
  const { source } = open(t, { kind: 'file', address: file })
  for (const query of ['', 'koln', 'KÖLN', 'cologne university', 'grosse', 'one.example', 'cathedral'])
    t.same(
      (await source.search(query, 50)).found.map(({ entityId }) => entityId),
      [one.entityId],
      JSON.stringify(query)
    )
  for (const query of ['two', 'munich', '.*', '\u0000'])
    t.same((await source.search(query, 50)).total, 0, JSON.stringify(query))
  t.equal(await found(source, two.entityId), two.entityId, 'one that hides can still be named')
})

t.test('ten thousand providers are read beside the event loop, and searched at once', async t => {
  const file = path.join(t.testdir({}), 'all.xml')
  // Ten kilobytes each, as in eduGAIN: a hundred megabytes.
  const extensions = `<md:Extra xmlns:md="urn:x">${'x'.repeat(8000)}</md:Extra>`
  const plain = one.metadata({ extensions })
  const all = Array.from({ length: 10_000 }, (_, index) => plain.replaceAll('one.example', `i${index}.example`))
  writeFileSync(file, list(all.join('\n')))
  all.length = 0
  t.ok(statSync(file).size > 95_000_000)
  let source!: MetadataSource
  const standing = await longestTurnMs(async () => {
    source = open(t, { kind: 'file', address: file }).source
    while ((await source.size().catch(() => 0)) === 0);
  })
  t.equal(await source.size(), 10_000)
  t.comment(`measured: the loop stood still for at most ${standing.toFixed(1)} ms of CPU`)
  t.ok(standing < 20, `the loop turns at least every 20 ms (${standing.toFixed(1)})`)
  for (const query of ['i9999', 'example', 'i1 entity', '', 'entity i', 'x']) {
    const began = mainThreadMs()
    await source.search(query, 50)
    const took = mainThreadMs() - began
    t.ok(took < 50, `a search for '${query}' takes less than 50 ms (${took.toFixed(1)})`)
  }
  t.equal((await source.search('i9999', 50)).found[0]?.entityId, 'https://i9999.example/entity')
})

/**
 * WebDAV's `Destination` names a second resource: it is judged like the first one, and never leaves the app (THREATS P3, P12 on COPY and
 * MOVE).
 */
import t from 'tap'
import { valuesOf } from '../../fixtures/in-process/upstream.ts'
import { Lab, refused } from '../../fixtures/in-process/wire.ts'

t.test('where COPY and MOVE write is judged', async t => {
  const lab = await Lab.start(t, {
    apps: `
  - id: app
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules:
      - { path: /admin/**, access: deny }
      - { path: /keys/**, access: mfa, factors: [webauthn] }
      - { path: /frozen/**, methods: [MOVE], access: deny }
      - { access: mfa }
  - { id: one, url: "http://shared.localhost:PORT/app1", upstream: "UP", rules: [{ path: /secret/**, access: deny }, { access: public }] }
  - { id: two, url: "http://shared.localhost:PORT/app2", upstream: "UP", rules: [{ access: deny }] }
  - { id: based, url: "http://based.localhost:PORT/dav", upstream: "UP/base", rules: [{ path: /secret/**, access: deny }, { access: public }] }`
  })
  const shared = `shared.localhost:${lab.port}`
  const based = `based.localhost:${lab.port}`
  const places = (path: string, host = lab.host) => [
    path,
    `http://${host}${path}`,
    `https://${host.toUpperCase()}${path}`
  ]

  t.test('into a denied path, however it is spelled: 403, nothing upstream', async t => {
    await lab.nothingUpstream(t, async () => {
      for (const method of ['MOVE', 'COPY', 'PUT', 'GET', 'PROPFIND'])
        for (const path of [
          '/admin/y',
          '/admin',
          '/ADMIN/y',
          '//x/../admin/y'.slice(1),
          '/x/..%2fadmin/y',
          '/%61dmin/y',
          '/x;/../admin'
        ])
          for (const place of places(path)) {
            const answer = await lab.ask('/x', [lab.alice, `Destination: ${place}`], { method })
            refused(t, answer, [403], `${method} to ${place}`)
          }
      refused(
        t,
        await lab.ask('/app1/x', ['Destination: /app1/secret/y'], { method: 'COPY', host: shared }),
        [403],
        'below a prefix'
      )
      refused(
        t,
        await lab.ask('/dav/x', ['Destination: /dav/secret/y'], { method: 'COPY', host: based }),
        [403],
        'before a base path'
      )
      refused(
        t,
        await lab.ask('/x', [lab.alice, 'Destination: /frozen/y'], { method: 'MOVE' }),
        [403],
        'by its own method'
      )
    })
  })

  t.test('the stricter of both counts, and the way on is the stricter one’s', async t => {
    await lab.nothingUpstream(t, async () => {
      for (const [from, to] of [
        ['/x', '/keys/y'],
        ['/keys/x', '/y']
      ] as const) {
        const answer = await lab.ask(from, [lab.alice, `Destination: http://${lab.host}${to}`], { method: 'MOVE' })
        refused(t, answer, [401], `${from} to ${to}`)
      }
      refused(
        t,
        await lab.ask('/admin/x', [lab.alice, 'Destination: /y'], { method: 'MOVE' }),
        [403],
        'from a denied path'
      )
      refused(t, await lab.ask('/x', ['Destination: /y'], { method: 'MOVE' }), [401], 'nobody')
    })
  })

  t.test('out of the app, or nowhere anybody could say: 400, nothing upstream', async t => {
    await lab.nothingUpstream(t, async () => {
      const elsewhere = [
        ...places('/app2/secret', shared),
        ...places('/app1/../app2/secret', shared),
        ...places('/app1/%2e%2e/app2/secret', shared),
        ...places('/APP2/secret', shared),
        ...places('/x', shared),
        ...places('/.factorgate/account', shared),
        `http://${lab.host}/x`,
        `http://${shared}@evil.test/app1/x`,
        `http://user@${shared}/app1/x`,
        `http://${shared}:80/app1/x`,
        `//${shared}/app1/x`,
        '//evil.test/app1/x',
        `/\\${shared}/app1/x`,
        'app1/x',
        '',
        '/app1/x#y',
        '/app1/x y',
        '/app1/x%00',
        `<http://${shared}/app1/x>`,
        `ftp://${shared}/app1/x`,
        'http:/app1/x',
        `http:\\\\${shared}\\app1\\x`
      ]
      for (const place of elsewhere)
        for (const method of ['COPY', 'MOVE'])
          refused(
            t,
            await lab.ask('/app1/x', [`Destination: ${place}`], { method, host: shared }),
            [400],
            `${method} to ${place}`
          )
      const twice = ['Destination: /app1/y', 'destination: /app1/secret/y']
      refused(t, await lab.ask('/app1/x', twice, { method: 'COPY', host: shared }), [400], 'said twice')
      refused(
        t,
        await lab.ask('/dav/x', ['Destination: /dav/../../y'], { method: 'COPY', host: based }),
        [400],
        'out of the base path'
      )
    })
  })

  t.test('within its app it arrives as before', async t => {
    for (const [host, from, to, inside] of [
      [lab.host, '/x', `http://${lab.host}/y/caf%E9%20z`, `http://${lab.host}/y/caf%E9%20z`],
      [lab.host, '/x', '/y', '/y'],
      [shared, '/app1/x', `http://${shared}/app1/y`, `http://${shared}/y`],
      [based, '/dav/x', '/dav/y', '/base/y']
    ] as const)
      for (const method of ['COPY', 'MOVE']) {
        const lines = [...(host === lab.host ? [lab.alice] : []), `Destination: ${to}`, 'Overwrite: F']
        const seen = await lab.seen(() => lab.ask(from, lines, { method, host }))
        const [value = ''] = valuesOf(seen, 'destination')
        t.equal(value.replace(/^https?:\/\/127\.0\.0\.1:\d+/, `http://${host}`), inside, `${method} ${to}`)
        t.same(valuesOf(seen, 'overwrite'), ['F'])
      }
  })
})

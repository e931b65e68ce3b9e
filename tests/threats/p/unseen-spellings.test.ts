/** Invisible code points in a protected path: some servers drop them (THREATS P3), so the gate judges the path without them. */
import t from 'tap'
import { Lab, refused, turnedAway } from '../../fixtures/in-process/wire.ts'

t.test('a path with something invisible in it is judged as what it looks like', async t => {
  const lab = await Lab.start(t, {
    apps: `
  - { id: app, url: "http://app.localhost:PORT", upstream: "UP", rules: [{ path: /admin/**, access: deny }, { path: /keys/**, access: mfa }, { access: public }, { access: mfa }] }`
  })
  const unseen = [
    '%C2%AD',
    '%E2%80%8B',
    '%E2%80%8C',
    '%E2%80%8D',
    '%E2%81%A0',
    '%EF%BB%BF',
    '%EF%B8%8F',
    '%CD%8F',
    '%E1%85%9F',
    '%F3%A0%80%A1',
    '%25C2%25AD',
    '%u00ad'
  ]
  await lab.nothingUpstream(t, async () => {
    for (const mark of unseen) {
      for (const path of [`/ad${mark}min/x`, `/${mark}admin/x`, `/admin${mark}/x`, `/x/.${mark}./admin/x`])
        refused(t, await lab.ask(path, [lab.alice]), [403], path)
      turnedAway(t, lab, await lab.ask(`/ke${mark}ys/x`), `/ke${mark}ys/x by a stranger`)
    }
  })
  for (const path of ['/%E2%9D%A4%EF%B8%8F.txt', '/so%C2%ADft'])
    t.equal(
      (await lab.seen(() => lab.ask(path))).line,
      `GET ${path} HTTP/1.1`,
      'and what is harmless arrives as it came'
    )
})

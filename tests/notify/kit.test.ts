/** The mail client and the webhooks with the servers of the kits, which are not ours. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { type Mail, type MailServer, sendMail } from '../../src/notify/mail.ts'
import { postWebhook } from '../../src/notify/webhook.ts'
import { lacksKit, startKit } from '../fixtures/process/institution-kit.ts'

const mail: Mail = {
  messageId: 'n1.alice@lab.example',
  date: Date.UTC(2026, 10, 28),
  from: { name: 'Example Lab, Basel', address: 'gate@lab.example' },
  to: { name: 'Liddell, Alice', address: 'alice@lab.example' },
  replyTo: null,
  subject: 'Grüße',
  language: 'en',
  text: 'Hello\n.\n',
  html: '<p>Hello</p>'
}
const to = (who: string): Mail => ({ ...mail, to: { name: 'X', address: `${who}@lab.example` } })

t.test('mail', { skip: lacksKit('mail') }, async t => {
  const kit = await startKit(t, 'mail')
  const at = (port: number, security: MailServer['security'], password = 'mail-secret'): MailServer => ({
    host: 'localhost',
    port,
    security,
    user: 'gate',
    password,
    ca: readFileSync(kit.ca, 'utf8')
  })
  const starttls = at(kit.port, 'starttls')
  const look = async () =>
    (await fetch(`http://127.0.0.1:${kit.port + 2}/`)).json() as Promise<
      { to: string[]; secure: boolean; user: string }[]
    >
  t.match(await sendMail(starttls, mail), { kind: 'sent' }, 'STARTTLS')
  t.match(await sendMail(at(kit.port + 1, 'smtps'), mail), { kind: 'sent' }, 'SMTPS')
  t.match(await look(), [
    { to: ['alice@lab.example'], secure: true, user: 'gate' },
    { to: ['alice@lab.example'], secure: true, user: 'gate' }
  ])
  t.match(await sendMail(at(kit.port, 'starttls', 'wrong'), mail), { kind: 'failed', isServers: true, why: /535/ })
  t.match(await sendMail({ ...starttls, ca: null }, mail), { kind: 'failed', isServers: true }, 'an unknown authority')
  t.match(await sendMail(starttls, to('reject')), { kind: 'failed', isFinal: true, why: /550/ })
  t.match(await sendMail(starttls, to('later')), { kind: 'failed', isFinal: false, why: /451/ })
  t.match(await sendMail(starttls, to('later')), { kind: 'sent' }, 'the second try')
  t.match(await sendMail(starttls, to('full')), { kind: 'failed', isFinal: false, isUnclear: false, why: /452/ })
  t.match(await sendMail(starttls, to('slow')), { kind: 'sent' }, 'a slow server')
  t.match(await sendMail(starttls, to('drop')), { kind: 'failed', isUnclear: true }, 'cut behind the content')
  const post = (what: string) => fetch(`http://127.0.0.1:${kit.port + 2}/${what}`, { method: 'POST' })
  await post('down')
  t.match(await sendMail(starttls, mail), { kind: 'failed', isServers: true, why: /421/ })
  await post('up')
  t.match(await sendMail(starttls, mail), { kind: 'sent' })
})

t.test('a mail server that offers no TLS gets nothing', { skip: lacksKit('mail') }, async t => {
  const kit = await startKit(t, 'mail', { NOTLS: '1' })
  const server = { host: 'localhost', port: kit.port, user: 'gate', password: 'mail-secret', ca: null }
  t.match(await sendMail({ ...server, security: 'starttls' }, mail), {
    kind: 'failed',
    isServers: true,
    isFinal: false
  })
})

t.test('a webhook behind a private authority', { skip: lacksKit('collector') }, async t => {
  const kit = await startKit(t, 'collector')
  const target = { url: `https://localhost:${kit.port}/`, secret: 'a-secret-of-24-characters' }
  const ca = readFileSync(kit.ca, 'utf8')
  t.match(
    await postWebhook({ ...target, ca }, 'n1', '{}', Date.now()),
    { kind: 'failed', why: /40[13]/ },
    'it wants a token, which a webhook has not'
  )
  t.match(
    await postWebhook({ ...target, ca: null }, 'n1', '{}', Date.now()),
    { kind: 'failed', isServers: true },
    'an unknown authority'
  )
})

/** Copies of certificates on a disk that is full: the pair that is there stays whole, and the new one follows when there is room. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Copies } from '../../src/acme/copies.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { smallDisk } from '../fixtures/process/small-disk.ts'

const name = 'gate.lab.example'
const pair = (n: number) => ({ key: `key ${n}\n`, cert: `${'certificate '.repeat(3000)}${n}\n` })

t.test('a full disk', async t => {
  const disk = smallDisk(t, '1m')
  if (disk === null) return notTried(t, 'this user cannot mount a disk')
  const folder = path.join(disk.directory, 'acme')
  mkdirSync(folder)
  const said: string[] = []
  const copies = new Copies({
    folder,
    directory: 'https://acme.lab.example',
    log: {
      info: (fields, sentence) => said.push(JSON.stringify({ ...fields, sentence })),
      warn: (fields, sentence) => said.push(JSON.stringify({ ...fields, sentence }))
    }
  })
  const found = () => ({
    key: readFileSync(path.join(folder, `${name}.key`), 'utf8'),
    cert: readFileSync(path.join(folder, `${name}.crt`), 'utf8')
  })
  copies.writeCertificate(name, pair(1))
  t.same(found(), pair(1))
  const page = path.join(disk.directory, 'page')
  writeFileSync(page, 'x')
  const free = disk.fill()
  // There is room for the key, and none for the certificate.
  rmSync(page)
  for (let n = 0; n < 3; n++) copies.writeAgain()
  copies.writeCertificate(name, pair(2))
  for (let n = 0; n < 3; n++) copies.writeAgain()
  t.same(found(), pair(1), 'key and certificate belong together')
  t.same(readdirSync(folder).sort(), [`${name}.crt`, `${name}.key`])
  t.equal(said.length, 1, 'it is said once')
  t.match(said[0], /"folder":"\S+acme".*ENOSPC.*make room/)
  await free()
  copies.writeAgain()
  t.same(found(), pair(2))
  t.match(said[1], /is written now/)
  copies.writeAgain()
  t.equal(said.length, 2)
})

import t from 'tap'
import { destinationPath } from '../../src/apps/webdav-destination.ts'

t.test('where a COPY or MOVE writes, also one that is sent as a POST, is said as the path inside the app', async t => {
  const table = [
    ['/files/a/b', '/files', '/a/b'],
    ['https://files.lab.example/files/a/b', '/files', '/a/b'],
    ['HTTPS://files.lab.example:8443/a%20b?x#y', '', '/a%20b'],
    ['https://files.lab.example', '', '/'],
    ['/files', '/files', '/'],
    ['/a/../b', '', '/a/../b']
  ] as const
  for (const method of ['COPY', 'MOVE', 'POST']) {
    for (const [value, prefix, path] of table) t.equal(destinationPath(method, value, { prefix }), path, value)
    t.equal(destinationPath(method, undefined, { prefix: '' }), '')
  }
  for (const method of ['GET', 'PUT', 'DELETE', 'PROPPATCH'])
    t.equal(destinationPath(method, '/files/a/b', { prefix: '/files' }), '', `${method} writes nothing there`)
})

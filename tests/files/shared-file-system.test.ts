/** File systems of the network and of programs are told from disks (`src/files/shared-file-system.ts`). */
import t from 'tap'
import { sharedFileSystem, sharedStoreWarning } from '../../src/files/shared-file-system.ts'

t.test('the name of a shared file system; null for a disk, and for what cannot be asked', t => {
  for (const [type, name] of [
    [0x6969, 'NFS'],
    [0xff534d42, 'SMB'],
    // As a signed number of 32 bits.
    [0xff534d42 | 0, 'SMB'],
    [0x65735546, 'FUSE'],
    [0xef53, null],
    [0x01021994, null],
    [0x9123683e, null]
  ] as const)
    t.equal(
      sharedFileSystem('/x', () => type),
      name
    )
  t.equal(sharedFileSystem('/nowhere/at/all'), null)
  t.match(
    sharedStoreWarning('/data/store', () => 0x6969),
    /^\/data\/store is on NFS, where .* use Redis$/
  )
  t.equal(
    sharedStoreWarning('/data/store', () => 0xef53),
    null
  )
  t.end()
})

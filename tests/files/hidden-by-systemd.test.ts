import t from 'tap'
import { hiddenBySystemd } from '../../src/files/hidden-by-systemd.ts'

/** Lines of a service with PrivateTmp, ProtectHome and InaccessiblePaths: on a machine, and in a container of systemd-nspawn. */
const mounts = `302 254 254:0 / / ro,relatime shared:65 - ext4 /dev/vda rw
303 302 0:39 / /tmp rw,nosuid,nodev shared:82 - tmpfs tmpfs rw
322 302 0:43 /systemd/inaccessible/dir /run/user ro,nosuid shared:121 - tmpfs tmpfs rw,mode=755
344 302 0:43 /host/inaccessible/dir /root ro,nosuid shared:127 - tmpfs tmpfs rw,mode=755
345 302 0:43 /systemd/inaccessible/dir /srv/my\\040data ro,nosuid shared:128 - tmpfs tmpfs rw,mode=755
348 303 0:39 /systemd-private-bb04-factorgate.service-OdMG9U/tmp /tmp rw,nosuid shared:83 - tmpfs tmpfs rw
355 302 254:0 /var/tmp/systemd-private-bb04-factorgate.service-nj/tmp /var/tmp rw shared:135 - ext4 /dev/vda rw
356 355 0:50 / /var/tmp/disk rw shared:136 - ext4 /dev/vdb rw
357 302 254:0 /var/lib/factorgate /var/lib/factorgate rw shared:133 - ext4 /dev/vda rw
`

t.test('what a unit hides is told from what it leaves', async t => {
  for (const [file, folder, setting] of [
    ['/run/user/7/factorgate.key', '/run/user', 'ProtectHome'],
    ['/root/factorgate.key', '/root', 'ProtectHome'],
    ['/srv/my data/journal.jsonl', '/srv/my data', 'InaccessiblePaths'],
    ['/tmp/store', '/tmp', 'PrivateTmp'],
    ['/var/tmp/store', '/var/tmp', 'PrivateTmp']
  ] as const)
    t.match(hiddenBySystemd(file, mounts), { folder, setting, isPrivate: setting === 'PrivateTmp' }, file)
  for (const file of ['/var/lib/factorgate/store', '/run/users/key', '/etc/factorgate', '/var/tmp/disk/store', '/'])
    t.equal(hiddenBySystemd(file, mounts), null, file)
  t.equal(hiddenBySystemd('/root/factorgate.key', ''), null, 'where nobody can tell')
})

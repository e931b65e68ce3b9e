/** File systems of the network or of a program (FUSE), where LMDB's locks and its map of the file may not hold. */
import { statfsSync } from 'node:fs'

/** From statfs(2). */
const names: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'SMB',
  4266872130: 'SMB',
  1702057286: 'FUSE',
  16914839: '9p',
  12805120: 'Ceph',
  1397113167: 'AFS',
  1799439955: 'AFS',
  18225520: 'GFS2',
  1952539503: 'OCFS2',
  198183888: 'Lustre',
  2020557398: 'a folder that VirtualBox shares'
}

export function sharedFileSystem(
  folder: string,
  typeOf: (folder: string) => number = folder => statfsSync(folder).type
): string | null {
  try {
    return names[typeOf(folder) >>> 0] ?? null
  } catch {
    // Opening the folder reports the fault.
    return null
  }
}

export function sharedStoreWarning(folder: string, typeOf?: (folder: string) => number): string | null {
  const name = sharedFileSystem(folder, typeOf)
  return name === null
    ? null
    : `${folder} is on ${name}, where the embedded store is not safe: its locks, and its file as it is in memory, may differ from what the server has. Move the store to a disk of this machine, or use Redis`
}

/** Names for errors of the system that Node.js leaves without one. */
import { constants } from 'node:os'

const { EDQUOT, ENOLCK, ESTALE } = constants.errno
/** libuv knows no code for them, so Node.js says `UNKNOWN` or `Unknown system error -122`. The last is one of Linux alone. */
const unnamed = new Map([
  [EDQUOT, 'EDQUOT'],
  [ENOLCK, 'ENOLCK'],
  [ESTALE, 'ESTALE'],
  ...(process.platform === 'linux' ? [[117, 'EUCLEAN'] as const] : [])
])

/** The code of a system's error, such as `EDQUOT`; undefined for another error. */
export function systemCode(error: unknown): string | undefined {
  const { code, errno = 0 } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || !/^unknown\b/i.test(code)) return code
  return unnamed.get(-errno) ?? code
}

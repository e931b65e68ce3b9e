/** What programs and crashes do to the bytes of a journal. */
import { type ChainEnd, type Link, linkOf } from './chain.ts'

const back = 'takes a copy of the file back'
const carriageReturn = Buffer.from('}\r\n')
const linkBytes = 128

/** Null if no program has converted the line. */
export function conversionOf(line: Buffer, link: Link | null): string | null {
  if (link !== null)
    return line.subarray(-3).equals(carriageReturn)
      ? `a program has converted the ends of lines to those of Windows (CR LF); sed -i 's/\\r$//' ${back}`
      : null
  if (line[0] === 0xef && linkOf(line.subarray(3)) !== null)
    return `a program has put a byte order mark before this line; sed -i '1s/^\\xef\\xbb\\xbf//' ${back}`
  if (
    line.indexOf(0) !== -1 &&
    linkOf(Buffer.from(line.subarray(0, linkBytes * 2).filter(byte => byte > 0 && byte < 0xfe)))
  )
    return `a program has converted the file to UTF-16; iconv -f UTF-16 -t UTF-8 ${back}`
  return null
}

/** Also for the zeros that a power cut leaves in place of the next line. */
export function isBegunAfter({ seq, hash }: ChainEnd, line: Buffer): boolean {
  const start = Buffer.from(`{"seq":${seq + 1},"prev":"${hash}",`)
  const zeros = line.indexOf(0)
  const found = line.subarray(0, Math.min(zeros === -1 ? line.length : zeros, start.length))
  return found.equals(start.subarray(0, found.length))
}

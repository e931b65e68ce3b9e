/** The text of a leaked file, also of archives, spreadsheets and UTF-16. */
import { gunzipSync } from 'node:zlib'
import { isZip, unzip } from './zip.ts'

export const maxBytes = 64 * 1024 * 1024

export function textOfLeak(file: Buffer): string {
  const whole = file.subarray(0, maxBytes)
  const parts = isZip(whole) ? unzip(whole, maxBytes) : isGzip(whole) ? [gunzipped(whole)] : [whole]
  // Without NUL, UTF-16 of these characters is ASCII.
  return parts.map(part => part.toString('latin1').replaceAll('\0', '')).join('\n')
}

function isGzip(file: Buffer): boolean {
  return file.length > 18 && file[0] === 0x1f && file[1] === 0x8b
}

function gunzipped(file: Buffer): Buffer {
  try {
    return gunzipSync(file, { maxOutputLength: maxBytes })
  } catch {
    return file
  }
}

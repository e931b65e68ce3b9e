/** A QR code as a PNG of one bit a pixel, a sixth of the bytes of a drawing. */
import { crc32, deflateSync } from 'node:zlib'
import { encode } from 'uqr'

/** The margin that scanners need (ISO/IEC 18004 §9.1), in modules. */
const quiet = 4
/** The width on the page in CSS pixels is a multiple of the modules, at most this. */
const maxPixels = 320

/** It is dark on white in dark mode too. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: quiet })
  const side = size * Math.max(1, Math.floor(maxPixels / size))
  return <img class="qr" src={`data:image/png;base64,${png(data)}`} alt={label} width={side} height={side} />
}

/** A square picture in greyscale of one bit (PNG, third edition, §11.2.2), in base64. */
function png(modules: readonly (readonly boolean[])[]): string {
  const size = modules.length
  const stride = 1 + Math.ceil(size / 8)
  // White, after the filter type 0 of each row.
  const pixels = Buffer.alloc(size * stride, 0xff)
  for (const [y, row] of modules.entries()) {
    pixels[y * stride] = 0
    for (const [x, isDark] of row.entries()) {
      const at = y * stride + 1 + (x >> 3)
      if (isDark) pixels[at] = (pixels[at] as number) & ~(0x80 >> (x & 7))
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header[8] = 1
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels, { level: 9 })),
    chunk('IEND', Buffer.alloc(0))
  ]).toString('base64')
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

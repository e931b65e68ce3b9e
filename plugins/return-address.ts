/**
 * The address that people come back to, on its way through query strings (`rd`). Owns its spellings: plain where it is short, with fewer escapes where
 * it is long, packed where it is full of escapes; and what is left of one that fits nowhere. Links of 8,000 octets arrive (RFC 9110 §4.1).
 */

/** Room that the other headers of a request have beside its line. */
const otherHeaders = 4096
/** A longer one is not returned to; no link that people use is. */
export const longestAddress = 12 * 1024
/** Up to here an address stands as everybody would write it. */
const short = 2048
const packed = 'packed.'

/** With the default of `listen.maxHeaderSize`. */
export const usualLongest = 12 * 1024

/** How long an address of ours may be, so that the browser that follows it is not refused for its length. */
export function longestUrl(maxHeaderSize: number): number {
  return maxHeaderSize - otherHeaders
}

/** A query of these parameters, as short as it can be once it is long. */
export function queryOf(params: URLSearchParams): string {
  const text = params.toString()
  if (text.length <= short) return text
  return [...params].map(([name, value]) => `${name}=${shortest(name, value)}`).join('&')
}

/** `page` with the way in its query; where that is too long for the browser to ask for, the way leads to the path alone, or to `front`. */
export function pageFor(page: string, way: URLSearchParams, front: string, longest: number): string {
  const rd = way.get('rd')
  if (rd === null) return way.size === 0 ? page : `${page}?${queryOf(way)}`
  for (const address of [rd, rd.replace(/\?.*/s, ''), front]) {
    way.set('rd', address)
    const url = `${page}?${queryOf(way)}`
    if (url.length <= longest && address.length <= longestAddress) return url
    way.delete('ask')
  }
  way.delete('rd')
  return `${page}?${queryOf(way)}`
}

/** What a query says of the address, in whichever spelling. */
export function unpacked(rd: string): string {
  return rd.startsWith(packed) ? Buffer.from(rd.slice(packed.length), 'base64url').toString('latin1') : rd
}

function shortest(name: string, value: string): string {
  const sparse = encodeURIComponent(value).replace(/%(?:2F|3A|3F|3D|40|24|2C|3B)/g, one => decodeURIComponent(one))
  if (name !== 'rd' || /[^\x21-\x7e]/.test(value)) return sparse
  const dense = packed + Buffer.from(value, 'latin1').toString('base64url')
  return dense.length < sparse.length ? dense : sparse
}

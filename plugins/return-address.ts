/** Encodes the return address for query strings (`rd`). Links of 8,000 octets are possible (RFC 9110 §4.1). */

const otherHeadersLength = 4096
export const maxAddressLength = 12 * 1024
const shortLength = 2048
const packedPrefix = 'packed.'

/** The value of `maxUrlLength` for the default `listen.maxHeaderSize`. */
export const defaultMaxUrlLength = 12 * 1024

/** The maximum length of the gate's URLs, in octets. */
export function maxUrlLengthFor(maxHeaderSize: number): number {
  return maxHeaderSize - otherHeadersLength
}

export function queryOf(params: URLSearchParams): string {
  const text = params.toString()
  if (text.length <= shortLength) return text
  return [...params].map(([name, value]) => `${name}=${shortest(name, value)}`).join('&')
}

/** `page` with the return address. If it is too long, it loses its query, or `front` replaces it. */
export function pageFor(page: string, returnQuery: URLSearchParams, front: string, maxLength: number): string {
  const rd = returnQuery.get('rd')
  if (rd === null) return returnQuery.size === 0 ? page : `${page}?${queryOf(returnQuery)}`
  for (const address of [rd, rd.replace(/\?.*/s, ''), front]) {
    returnQuery.set('rd', address)
    const url = `${page}?${queryOf(returnQuery)}`
    if (url.length <= maxLength && address.length <= maxAddressLength) return url
    returnQuery.delete('ask')
  }
  returnQuery.delete('rd')
  return `${page}?${queryOf(returnQuery)}`
}

export function unpacked(rd: string): string {
  return rd.startsWith(packedPrefix) ? Buffer.from(rd.slice(packedPrefix.length), 'base64url').toString('latin1') : rd
}

function shortest(name: string, value: string): string {
  const sparse = encodeURIComponent(value).replace(/%(?:2F|3A|3F|3D|40|24|2C|3B)/g, one => decodeURIComponent(one))
  if (name !== 'rd' || /[^\x21-\x7e]/.test(value)) return sparse
  const dense = packedPrefix + Buffer.from(value, 'latin1').toString('base64url')
  return dense.length < sparse.length ? dense : sparse
}

/** Opens a metadata file or address as chunks of bytes, bounded in size and time. */
import { createReadStream } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { refuseUpgrade } from '../../platform/refuse-upgrade.ts'
import { SamlRefusal } from './refusal.ts'

interface OpenedMetadata {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly etag: string | null
}

interface FetchOptions {
  readonly ca: string | null
  readonly etag: string | null
  /** Default: 256 MiB. */
  readonly maxBytes?: number
  /** The time limit of the whole answer. Default: two minutes. */
  readonly timeoutMs?: number
}

const defaultBytes = 256 * 1024 * 1024
const defaultMs = 120_000
const maxRedirects = 3
const tooLong = 'it takes too long'

/** Rejects with SamlRefusal, as the chunks do. */
export async function openMetadata(
  from: { readonly kind: 'file'; readonly file: string } | { readonly kind: 'url'; readonly url: string },
  options: FetchOptions
): Promise<OpenedMetadata | 'unchanged'> {
  const { maxBytes = defaultBytes } = options
  if (from.kind === 'file')
    return { chunks: bounded(createReadStream(from.file), maxBytes, `the file ${from.file}`), etag: null }
  const deadline = AbortSignal.timeout(options.timeoutMs ?? defaultMs)
  const response = await follow(from.url, options, deadline)
  if (response.statusCode === 304 && options.etag !== null) {
    response.destroy()
    return 'unchanged'
  }
  if (response.statusCode !== 200) {
    response.destroy()
    throw new SamlRefusal(`the metadata server answers with status ${response.statusCode}`)
  }
  const isZipped = response.headers['content-encoding'] === 'gzip'
  const body = isZipped ? response.pipe(createGunzip()) : response
  if (isZipped) response.on('error', error => body.destroy(error))
  return { chunks: bounded(body, maxBytes, 'the metadata server', deadline), etag: response.headers.etag ?? null }
}

async function* bounded(
  stream: Readable,
  maxBytes: number,
  who: string,
  deadline?: AbortSignal
): AsyncIterable<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes)
        throw new SamlRefusal(
          `${who} has more than ${Math.floor(maxBytes / 1024 / 1024)} MiB of metadata, which is more than the gate reads; use an MDQ server (mdq:…)`
        )
      yield chunk
    }
    // If the end of the connection ends the answer, Node takes a part for the whole.
    deadline?.throwIfAborted()
  } catch (error) {
    if (error instanceof SamlRefusal) throw error
    // Node's error would only say that the connection was reset.
    throw new SamlRefusal(`${who} cannot be read: ${deadline?.aborted ? tooLong : reasonOf(error)}`)
  }
}

async function follow(url: string, { ca, etag }: FetchOptions, deadline: AbortSignal): Promise<IncomingMessage> {
  let at = new URL(url)
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await request(at, ca, etag, deadline)
    const { location } = response.headers
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response
    response.destroy()
    const next = URL.canParse(location, at.href) ? new URL(location, at) : null
    if (next === null || (next.protocol !== 'https:' && next.protocol !== at.protocol))
      throw new SamlRefusal('the metadata server redirects to an address that is not followed')
    at = next
  }
  throw new SamlRefusal('the metadata server redirects again and again')
}

function request(url: URL, ca: string | null, etag: string | null, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = {
    accept: 'application/samlmetadata+xml, application/xml;q=0.8',
    'accept-encoding': 'gzip',
    ...(etag === null ? {} : { 'if-none-match': etag })
  }
  return new Promise((resolve, reject) => {
    refuseUpgrade(request(url, { headers, signal, agent: false, ...(ca === null ? {} : { ca }) }, resolve))
      .on('error', error => reject(new SamlRefusal(`the metadata server cannot be reached: ${reasonOf(error)}`)))
      .end()
  })
}

function reasonOf(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'ABORT_ERR') return tooLong
  return code ?? message
}

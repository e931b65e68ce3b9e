/**
 * The kinds of text a configuration holds: how each is read, and the shape an editor may check. Owns the list, which is also the
 * list of types that loaded values have; refuses to know any key.
 */
import path from 'node:path'
import {
  readHostname,
  readListenHost,
  readNetwork,
  readOrigin,
  readPortalUrl,
  readSiteUrl,
  readUpstream
} from './addresses.ts'
import {
  readColour,
  readContact,
  readFingerprint,
  readGlob,
  readHeaderName,
  readHeaderValue,
  readId,
  readIdentityHeader,
  readKeyPrefix,
  readLine,
  readMethod,
  readPassedHeader,
  readUserName
} from './names.ts'
import { readStore } from './store-url.ts'
import { durationShape, readDuration, readSize, sizeShape } from './units.ts'
import type { Wrong } from './wrong.ts'

export interface Kind<T> {
  /** `folder` is the file's own: relative paths start there. */
  read(text: string, folder: string): T | Wrong
  /** What an editor checks without running us; a loose outline, `read` decides. */
  readonly pattern?: string
  /** How the reference names it. */
  readonly name: string
}

export const kinds = {
  line: { read: readLine, name: 'text' },
  id: { read: readId, pattern: '[a-z0-9][a-z0-9-]{0,62}', name: 'id' },
  file: { read: (text, folder) => path.resolve(folder, text), name: 'path' },
  duration: { read: readDuration, pattern: durationShape, name: 'duration' },
  size: { read: readSize, pattern: sizeShape, name: 'size' },
  portalUrl: { read: readPortalUrl, pattern: 'https?://[^/?#@]+/?', name: 'URL' },
  siteUrl: { read: readSiteUrl, pattern: 'https?://[^?#@]+', name: 'URL' },
  origin: { read: readOrigin, pattern: 'https?://[^/?#@]+/?', name: 'origin' },
  upstream: { read: readUpstream, pattern: '(https?://|unix:).+', name: 'URL' },
  store: { read: readStore, pattern: '(embedded:|rediss?(\\+(sentinel|cluster))?://).+', name: 'URL' },
  keyPrefix: { read: readKeyPrefix, pattern: '[A-Za-z0-9_:.-]{1,64}', name: 'prefix' },
  network: { read: readNetwork, pattern: '[0-9A-Fa-f:.]+(/[0-9]{1,3})?', name: 'address or network' },
  listenHost: { read: readListenHost, name: 'address' },
  hostname: { read: readHostname, name: 'host name' },
  colour: { read: readColour, pattern: '#[0-9A-Fa-f]{6}', name: 'colour' },
  contact: { read: readContact, name: 'text or URL' },
  method: { read: readMethod, pattern: '[A-Z-]+', name: 'method' },
  glob: { read: readGlob, pattern: '/.*', name: 'glob' },
  userName: { read: readUserName, name: 'sign-in name' },
  identityHeader: { read: readIdentityHeader, name: 'header name' },
  passedHeader: { read: readPassedHeader, name: 'header name' },
  fingerprint: { read: readFingerprint, name: 'fingerprint' },
  headerName: { read: readHeaderName, name: 'header name' },
  secret: { read: (text: string) => text, name: 'text' },
  headerValue: { read: readHeaderValue, name: 'header value' }
} as const satisfies Record<string, Kind<unknown>>

export type KindName = keyof typeof kinds
/** What a text of this kind is after loading. */
export type Loaded<K extends KindName> = Exclude<ReturnType<(typeof kinds)[K]['read']>, Wrong>

/** `factorgate evidence --verify DIR`: whether a folder is what the gate signed. It needs neither gate nor store. */
import { createHash, createPublicKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { publicKeyFile, readSums, signatureFile, signerOf, sumsFile } from '../../evidence/sums.ts'
import { visible } from '../../messages/visible.ts'
import { type ExitCode, type Io, jsonText, PersonError } from '../command.ts'
import { configFor } from '../command-context.ts'
import { configuredKeys, keysOf } from '../journal/verify.ts'

interface FolderCheck {
  /** One sentence each. */
  readonly faults: readonly string[]
  readonly files: number
  /** The key that has signed. */
  readonly key: string | null
  /** True if only the key in the folder itself vouches for it. */
  readonly isSelfVouched: boolean
}

/** Throws PersonError for a folder that holds no evidence. */
async function checkFolder(folder: string, keys: readonly string[]): Promise<FolderCheck> {
  const text = await read(folder, sumsFile)
  const signature = await read(folder, signatureFile)
  const faults: string[] = []
  const isSelfVouched = keys.length === 0
  const own = keyOfPem(await read(folder, publicKeyFile))
  const trusted = isSelfVouched && own !== null ? [own] : keys
  const key = signature === null ? null : signerOf(text?.toString() ?? '', signature, trusted)
  if (text === null) faults.push(`${sumsFile} is missing, so this is no finished evidence`)
  else if (signature === null) faults.push(`${signatureFile} is missing, so nothing is signed`)
  else if (key === null) {
    const other = own === null ? null : signerOf(text.toString(), signature, [own])
    faults.push(
      other === null
        ? `the signature does not fit: ${sumsFile} or ${signatureFile} was changed`
        : `it is signed with the key ${other}, which is not the key that was given`
    )
  }
  const sums = text === null ? null : readSums(text.toString())
  if (text !== null && sums === null) faults.push(`${sumsFile} is not a list of this form`)
  for (const [name, sha256] of sums ?? []) {
    const found = await hashOf(path.join(folder, name))
    if (found === null) faults.push(`${name} is missing`)
    else if (found !== sha256) faults.push(`${name} was changed`)
  }
  const listed = new Set([...(sums?.keys() ?? []), sumsFile, signatureFile])
  for (const name of (await readdir(folder)).sort())
    if (sums !== null && !listed.has(name))
      faults.push(`${visible(name)} is not in the list, so nobody has signed it; move it away`)
  return { faults, files: sums?.size ?? 0, key, isSelfVouched }
}

export async function verifyCommand(
  given: string,
  { config, key, json }: { config?: string | undefined; key?: string[] | undefined; json?: boolean | undefined },
  io: Io
): Promise<ExitCode> {
  const folder = path.resolve(io.cwd, given)
  const keys = key?.flatMap(one => keysOf(one, io)) ?? (await keysAtHand(config, io))
  const check = await checkFolder(folder, keys)
  const { faults, files, isSelfVouched } = check
  if (json) io.stdout(jsonText({ ok: faults.length === 0, ...check }))
  else if (faults.length === 0)
    io.stdout(`The evidence is what the gate signed: ${files} files, with the key ${check.key}.\n`)
  else for (const fault of faults) io.stdout(`${fault}\n`)
  if (isSelfVouched && check.key !== null)
    io.stderr(
      `warning: no key was given, so the folder vouches for itself with ${check.key}. Compare it with 'factorgate journal key' of the gate, or give it with --key\n`
    )
  return faults.length === 0 ? 0 : 1
}

/** The keys of configuration and key file, if they are at hand. */
async function keysAtHand(config: string | undefined, io: Io): Promise<string[]> {
  const quiet = { ...io, stderr: () => {} }
  try {
    return await configuredKeys((await configFor(config === undefined ? quiet : io, config)).keyFile, io)
  } catch (error) {
    if (config !== undefined) throw error
    return []
  }
}

async function read(folder: string, name: string): Promise<Buffer | null> {
  try {
    return await readFile(path.join(folder, name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && (await readdir(folder).catch(() => null)) !== null) return null
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new PersonError(`there is no folder ${visible(folder)}`)
    throw error
  }
}

async function hashOf(file: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'EISDIR') return 'a folder'
    throw error
  }
  return hash.digest('hex')
}

function keyOfPem(pem: Buffer | null): string | null {
  try {
    return pem === null ? null : (createPublicKey(pem).export({ format: 'jwk' }).x ?? null)
  } catch {
    return null
  }
}

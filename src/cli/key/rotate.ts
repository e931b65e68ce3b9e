/**
 * `factorgate key rotate`: adds a new key, reseals everything and retires old keys, except those that another gate may still use. It can be
 * interrupted and repeated, since everything stays readable.
 */
import { sealedAcmePrefixes } from '../../acme/records.ts'
import { resealSecrets } from '../../factor/reseal.ts'
import { addKey, readKeyFile, retireOldKeys } from '../../keyring/key-file.ts'
import type { Keyring } from '../../keyring/keyring.ts'
import type { Store } from '../../store/store.ts'
import { upstreamLoginRecord } from '../../upstream-login/upstream-login.ts'
import { type Command, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { asOwnerOf, asSelf } from '../owner.ts'
import { withProgress } from '../progress.ts'

/** A gate rereads a changed key file within this time; before, it cannot open what the new key sealed. */
const gatewayReadsSeconds = 3

export const command: Command = {
  name: 'key rotate',
  summary: 'Replace the key, and seal all secrets with the new one.',
  usage: ['factorgate key rotate [--finish] [--yes]'],
  help: `
  --finish         with a Redis store: every gate uses this key file, or has a copy of it as it is now
${yesHelp}
${configHelp}

Adds a new key to the key file, seals every secret in the store with it, then removes the old keys from the file. The gate keeps
running and reads the file by itself. If the command is interrupted, run it again: it continues with the rest.

Several gates on one Redis have one key file each. There the first run only adds the key. Copy the file to all gates, then run the
command again with --finish.

Example:
  factorgate key rotate --config /etc/factorgate/factorgate.yaml
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, ...yesOption, finish: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const { store, config } = place
      const { keyFile } = config
      await confirm(
        io,
        values.yes,
        `This replaces the key in ${keyFile}. Backups made until now still need a copy of the file as it is.`
      )
      if ((await asSelf(() => readKeyFile(keyFile))).publicJwks.keys.length > 1)
        io.stderr(`${keyFile} holds older keys: the command continues an earlier rotation\n`)
      else {
        const id = await asOwnerOf(keyFile, () => addKey(keyFile))
        await place.record({ kind: 'key.rotate', outcome: 'added', key: id })
        io.stderr(`the new key ${id} is in ${keyFile}\n`)
        if (config.store.kind === 'embedded' || values.finish) await io.wait(gatewayReadsSeconds * 1000)
      }
      const keyring = await asSelf(() => readKeyFile(keyFile))
      io.stdout(`${keyring.currentKeyId}\n`)
      if (config.store.kind !== 'embedded' && !values.finish) {
        io.stderr(`Copy ${keyFile} to every other gate on this store, then run: factorgate key rotate --finish\n`)
        return 0
      }
      const resealed = await withProgress(io, 'records', null, onDone => resealAll(store, keyring, onDone))
      await asOwnerOf(keyFile, () => retireOldKeys(keyFile))
      await place.record({ kind: 'key.rotate', outcome: 'retired', key: keyring.currentKeyId, resealed })
      io.stderr(`secrets sealed with the new key: ${resealed}; the old keys are removed\n`)
      io.stderr(
        `Keep a copy of ${keyFile} as it is now. Earlier backups still need the earlier copy of the key file.\n`
      )
      return 0
    })
  }
}

/** Repeats until nothing is left, since a gate may seal with the old key meanwhile. */
async function resealAll(store: Store, keyring: Keyring, onDone: (done: number) => void): Promise<number> {
  let total = 0
  for (;;) {
    const resealed = await resealSecrets({
      store,
      keyring,
      wholes: [...sealedAcmePrefixes, upstreamLoginRecord.prefix],
      onDone
    })
    if (resealed === 0) return total
    total += resealed
  }
}

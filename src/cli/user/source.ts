/** `--directory` of `user add`: the source of people that checks the first factor. */
import type { Config } from '../../../config/schema.ts'
import { visible } from '../../messages/visible.ts'
import { UsageError } from '../command.ts'

export type OtherSource = Exclude<Config['identity'][number], { kind: 'local' }>

/** Null for local people. Throws UsageError. */
export function sourceNamed({ identity }: Pick<Config, 'identity'>, id: string): OtherSource | null {
  const source = identity.find(each => each.id === id)
  if (source === undefined && id !== 'local')
    throw new UsageError(
      `--directory must be a source of people in the configuration (${identity.map(each => each.id).join(', ')}), got '${visible(id)}'`
    )
  return source === undefined || source.kind === 'local' ? null : source
}

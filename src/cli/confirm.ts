/** The question before a change that cannot be undone. Scripts, without a terminal, are not asked. */
import { type Io, PersonError } from './command.ts'

export const yesOption = { yes: { type: 'boolean' } } as const
export const yesHelp = '  --yes            do not ask on a terminal'

/** Throws PersonError unless `yes` is given, the answer is yes, or there is no terminal. */
export async function confirm(io: Io, yes: boolean | undefined, question: string): Promise<void> {
  if (yes || io.ask === undefined) return
  const answer = await io.ask(`${question} Type yes to go on: `)
  if (answer.trim().toLowerCase() !== 'yes') throw new PersonError('nothing was changed')
}

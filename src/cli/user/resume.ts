/** `factorgate user resume`: lifts a suspension and the budgets that stop the person. */
import { budgetNames, budgetsThatHold, type Lifting } from '../../budgets/lift.ts'
import type { Account } from '../../identity/account.ts'
import { isByWatch, type OperatorWord, type Suspension, watchWordOf } from '../../identity/suspension.ts'
import { liftingOf } from '../../services/budget-lifting.ts'
import { type Command, type ExitCode, type Io, PersonError, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, operator, withStore } from '../command-context.ts'
import { peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user resume',
  summary: 'Let a person in again who is suspended, or whom a budget stops.',
  usage: ['factorgate user resume NAME [--why TEXT]'],
  help: `
  --why TEXT       the reason. It is needed where the watch has suspended the person (by a budget, unusual use or a decoy); at a
                   terminal the command asks for it. The journal keeps it
${configHelp}

Each budget that holds, slows or cuts the person then has room for one more, and needs no proof, also where nobody is suspended.
It needs a reason too.

The person can sign in again with the same password and factors. After a decoy a second operator may have to agree within a day
(watch.resume.afterDecoy): the first command keeps the wish, and the same command by another operator, or the console, lets the person in.

Example:
  factorgate user resume alice --why 'talked to her: a backup program, now stopped'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, why: { type: 'string' } }, ['NAME'])
    const given = values.why?.trim() ?? ''
    checkReason(given)
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, names[0]!)
      const { name, suspended } = account
      if (suspended === null) return liftHeld(place, account, given, io)
      const lifting = await liftingOf(place.config, place.store, place.clock)
      const why = given === '' ? await reasonFor(account, suspended, lifting, io) : given
      const by: OperatorWord = { at: place.clock(), account: null, name: operator(io), why }
      const rule = place.config.watch?.resume.afterDecoy ?? 'one-operator'
      const step = await peopleAt(place).resume(account, by, { rule })
      if (step === 'same_operator')
        throw new PersonError(
          `${by.name} has asked for ${name} already; another operator must agree, in the console or with the same command`
        )
      io.stderr(
        step === 'ask'
          ? `the wish is kept: ${name} can sign in again when another operator agrees within a day, in the console or with the same command\n`
          : `${name} can sign in again\n`
      )
      if (step !== 'ask') await lift(place, account, lifting, why, io)
      return 0
    })
  }
}

/** The reason is empty if none is needed: an operator has suspended, and no budget stops the person. */
async function reasonFor({ id, name }: Account, suspended: Suspension, lifting: Lifting, io: Io): Promise<string> {
  if (isByWatch(suspended))
    return askReason(io, name, `suspended ${name}`, watchWordOf(suspended)?.why ?? suspended.why)
  const held = budgetNames(await budgetsThatHold(lifting, id))
  return held === '' ? '' : askReason(io, name, `stopped ${name}`, `budget ${held}`)
}

async function liftHeld(place: CommandContext, account: Account, given: string, io: Io): Promise<ExitCode> {
  const { id, name } = account
  const lifting = await liftingOf(place.config, place.store, place.clock)
  const held = budgetNames(await budgetsThatHold(lifting, id))
  if (held === '') throw new PersonError(`${name} is not suspended, and no budget stops ${name}`)
  const why = given === '' ? await askReason(io, name, `stopped ${name}`, `budget ${held}`) : given
  await lift(place, account, lifting, why, io)
  return 0
}

async function lift(place: CommandContext, account: Account, lifting: Lifting, why: string, io: Io): Promise<void> {
  const lifted = await peopleAt(place).liftBudgets(account, lifting, why)
  if (lifted !== '') io.stderr(`${account.name} can go on; each of these budgets has room for one more: ${lifted}\n`)
}

function checkReason(why: string): void {
  if (why.length > 500 || /[\r\n]/.test(why))
    throw new UsageError('--why must have at most 500 characters, on one line')
}

/** Throws PersonError without a terminal or an answer. */
async function askReason(io: Io, name: string, deed: string, reason: string): Promise<string> {
  const typed = (await io.ask?.(`The watch has ${deed}: ${reason}\nWhy may ${name} come in again? `)) ?? ''
  const why = typed.trim()
  if (why === '')
    throw new PersonError(
      `the watch has ${deed} (${reason}); say why they may come in again: factorgate user resume ${name} --why TEXT`
    )
  checkReason(why)
  return why
}

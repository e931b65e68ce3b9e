/** `factorgate user add --from`: adds the people of a CSV file, if every line is right. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { checkPeopleList, csvOf, type ListMistake } from '../../administration/people-list.ts'
import { nameInRealm } from '../../administration/person-input.ts'
import type { Account } from '../../identity/account.ts'
import { AccountError } from '../../identity/accounts.ts'
import { visible } from '../../messages/visible.ts'
import { type ExitCode, type Io, PersonError } from '../command.ts'
import type { CommandContext } from '../command-context.ts'
import { asSelf } from '../owner.ts'
import { withProgress } from '../progress.ts'
import { counted } from '../table.ts'
import { invitationMail } from './mail-invitation.ts'
import { accountsAt, invitationUrl, peopleAt } from './person.ts'
import type { OtherSource } from './source.ts'
import { validityInWords } from './validity.ts'

interface ManyOptions {
  /** The path as typed. */
  readonly file: string
  /** Null for local people. */
  readonly source: OtherSource | null
  /** Groups of everybody, besides those of the file. */
  readonly groups: readonly string[]
  readonly validSeconds: number | undefined
  readonly isMailed: boolean
}

export async function addMany(place: CommandContext, options: ManyOptions, io: Io): Promise<ExitCode> {
  const { file, source, groups, validSeconds, isMailed } = options
  const text = textOf(await bytesOf(path.resolve(io.cwd, file), file), file)
  const { people, mistakes } = await checkPeopleList(text, accountsAt(place), {
    nameOf: name => nameInRealm(name, source?.realm ?? null),
    isMailed
  })
  for (const mistake of mistakes) io.stderr(`${visible(file)}:${mistake.line}  ${sentenceOf(mistake)}\n`)
  if (mistakes.length > 0 && mistakes.every(({ problem }) => problem === 'taken'))
    io.stderr(
      "note: if they were added by a command that broke off, take their lines out of the file; 'factorgate user invite NAME' gives one of them a new invitation\n"
    )
  if (mistakes.length > 0)
    throw new PersonError(`${visible(file)} has ${counted(mistakes.length, 'mistake')} (see above); nobody was added`)
  if (people.length === 0) throw new PersonError(`${visible(file)} has no people; nobody was added`)
  const mail = isMailed ? await invitationMail(place, ...people) : null
  // Each row is said at once, so that whoever is added has an invitation, whatever ends the command.
  let added = 0
  const say = async ({ name, email }: Account, token: string) => {
    const head = added++ === 0 ? [['name', 'email', 'invitation']] : []
    io.stdout(csvOf([...head, [name, email ?? '', await invitationUrl(place, token)]], '\n'))
  }
  const { outcomes, failure } = await withProgress(io, 'people', people.length, onDone =>
    peopleAt(place).addMany(
      people.map(({ name, displayName, email, groups: listed }) => ({
        name,
        email,
        groups: [...groups, ...listed],
        directory: source?.id ?? 'local',
        ...(displayName === null ? {} : { displayName })
      })),
      {
        validSeconds,
        onDone,
        onAdded: async (account, token) =>
          mail === null ? say(account, token) : mail.send(account, await invitationUrl(place, token), validSeconds)
      }
    )
  )
  let failed = 0
  for (const [i, outcome] of outcomes.entries())
    if (outcome instanceof AccountError) {
      failed++
      io.stderr(`${visible(file)}:${people[i]!.line}  ${people[i]!.name}: ${outcome.message}\n`)
    }
  const done = outcomes.length - failed
  io.stderr(`${counted(done, 'person is', 'people are')} added. ${told(options, done)}\n`)
  if (failure !== null) {
    io.stderr(
      `factorgate: stopped after line ${people[outcomes.length - 1]?.line ?? 0}; the lines below it were not added; whoever of the next line is in 'factorgate user list' needs 'factorgate user invite NAME'\n`
    )
    throw failure
  }
  return failed === 0 ? 0 : 1
}

function told({ isMailed, source, validSeconds }: ManyOptions, count: number): string {
  const valid = `valid for ${validityInWords(validSeconds)}`
  const what = isMailed
    ? `The gate sends the invitations, ${valid}.`
    : `Give each their invitation, ${valid}; they are shown this once.`
  if (count === 0) return ''
  return source === null
    ? what
    : `${what} They are for the second factor alone: the people sign in at '${visible(source.title)}' first.`
}

/** The system's error would not name a folder. */
async function bytesOf(place: string, file: string): Promise<Buffer> {
  return asSelf(() => readFile(place)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EISDIR' ? new PersonError(`${visible(file)} is a folder, not a file`) : error
  })
}

/** Throws PersonError for another encoding than UTF-8: names would be stored damaged. */
function textOf(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PersonError(
      `${visible(file)} is not UTF-8 text; save it as CSV in UTF-8 (in a spreadsheet: "CSV UTF-8"); nobody was added`
    )
  }
}

function sentenceOf({ problem, text, number }: ListMistake): string {
  const quoted = `'${visible(text)}'`
  switch (problem) {
    case 'fields':
      return `has ${counted(number, 'field')}; at most ${text.split(', ').length} are expected: ${visible(text)}`
    case 'heading':
      return `names columns that are not known, or one twice; they are ${visible(text)}`
    case 'quote':
      return 'a quotation mark is not closed'
    case 'name':
      return `${quoted} cannot be a user name: a-z 0-9 . _ + -, or an e-mail address`
    case 'email':
      return `${quoted} is not an e-mail address such as alice@lab.example`
    case 'display':
      return `${quoted} cannot be a displayed name: 1 to 128 characters on one line`
    case 'group':
      return `${quoted} cannot be a group: 1 to 64 characters, without , ; and |`
    case 'twice':
      return `${quoted} is in the file twice, first in line ${number}`
    case 'taken':
      return `there is an account with the name ${quoted} already, or was before a rename`
    case 'unmailed':
      return `--mail needs an address that mail can be sent to, and ${quoted} has none`
    case 'role':
      return `the group ${quoted} opens the operators' console; add such people one by one`
  }
}

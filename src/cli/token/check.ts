/** `factorgate token check`: whose the tokens in a text are, such as one from a public place. */
import { findTokens } from '../../programs/token-text.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'
import { accountsAt } from '../user/person.ts'
import { tokensAt } from './place.ts'

export const command: Command = {
  name: 'token check',
  summary: 'Say whose the tokens in a text are.',
  usage: ['factorgate token check [--config FILE] < FILE'],
  help: `
${configHelp}

Reads a text from standard input, such as a log or the output of 'git log -p', and lists every token of this gate in it. It never prints a token.
A token matches fg_[0-9A-Za-z]{46}; its last six characters are a checksum, so a text of this form by chance is not listed.

Exit code 0: a token in the text works now. 1: none does.

Example:
  factorgate token check < notebook.ipynb
`,
  async run(args, io) {
    const { values } = readArgs(args, configOption)
    if (io.input === undefined) throw new PersonError('there is no standard input to read')
    const input = io.input
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      // Not before, because root's command may run once more as somebody else (owner.ts), and the text can be read once.
      const texts = await tokensIn(input())
      if (texts.length === 0) {
        io.stderr('there is no token in this text\n')
        return 1
      }
      const tokens = tokensAt(place)
      const accounts = accountsAt(place)
      const now = place.clock()
      const rows: string[][] = []
      let working = 0
      for (const text of texts) {
        const token = await tokens.identify(text)
        if (token === null) {
          rows.push(['-', '-', '-', '-', 'not known here: revoked, or of another gate'])
          continue
        }
        const owner = await accounts.byId(token.accountId)
        const works = token.expiresAt > now && owner !== null && owner.suspended === null
        if (works) working++
        const state = works
          ? `works until ${moment(token.expiresAt)}`
          : token.expiresAt <= now
            ? `ended ${moment(token.expiresAt)}`
            : 'stopped: the owner is suspended or gone'
        rows.push([token.id, owner?.name ?? token.accountId, token.app, token.name, state])
      }
      io.stdout(table(['ID', 'USER', 'APP', 'NAME', 'STATE'], rows, io.columns))
      if (working > 0) io.stderr('to stop a token run: factorgate token revoke ID\n')
      return working > 0 ? 0 : 1
    })
  }
}

/** More than the length of a token. */
const overlap = 64

async function tokensIn(input: AsyncIterable<string>): Promise<string[]> {
  const found = new Set<string>()
  let rest = ''
  for await (const piece of input) {
    const text = rest + piece
    for (const token of findTokens(text)) found.add(token)
    rest = text.slice(-overlap)
  }
  return [...found]
}

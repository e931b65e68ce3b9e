/** `factorgate completion`: prints a script for a shell, which asks this command for suggestions, so it is never out of date. */
import { visible } from '../messages/visible.ts'
import { type Command, readArgs, UsageError } from './command.ts'
import { suggest } from './completion/suggest.ts'

const scripts: Readonly<Record<string, string>> = {
  bash: `_factorgate() {
  local value
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do COMPREPLY+=("$value"); done \\
    < <(factorgate completion suggest -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _factorgate factorgate
`,
  zsh: `#compdef factorgate
_factorgate() {
  local -a found
  local value summary
  while IFS=$'\\t' read -r value summary; do found+=("\${value//:/\\\\:}:$summary"); done \\
    < <(factorgate completion suggest -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe factorgate found; else _files; fi
}
compdef _factorgate factorgate
`,
  fish: `function __factorgate_suggest
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  test -z "$current"; and set current ''
  factorgate completion suggest -- $words[2..-1] $current 2>/dev/null
end
complete -c factorgate -a '(__factorgate_suggest)'
`
}

export const command: Command = {
  name: 'completion',
  summary: 'Print a script that completes commands in bash, zsh or fish.',
  usage: ['factorgate completion bash|zsh|fish'],
  help: `
The script completes commands, options, names of people and ids of apps. Put it into the start file of your shell. The script asks
'factorgate completion suggest -- WORD…' at each Tab.

Example:
  factorgate completion bash > /etc/bash_completion.d/factorgate
  factorgate completion zsh > /usr/local/share/zsh/site-functions/_factorgate
  factorgate completion fish > ~/.config/fish/completions/factorgate.fish
`,
  async run(args, io, program) {
    // The word under the cursor may be empty.
    if (args[0] === 'suggest') {
      const words = args.slice(args[1] === '--' ? 2 : 1)
      if (program === undefined) throw new Error('suggestions need the list of commands')
      for (const { value, summary } of await suggest(program, words, io)) io.stdout(`${value}\t${summary}\n`)
      return 0
    }
    const { names } = readArgs(args, {}, ['SHELL'])
    const [shell = ''] = names
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (script === undefined) throw new UsageError(`there is no script for '${visible(shell)}'; give bash, zsh or fish`)
    io.stdout(script)
    return 0
  }
}

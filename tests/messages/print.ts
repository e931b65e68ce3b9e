/**
 * `npm run messages`: writes the types of the messages and says what each translation lacks. `npm run messages -- accept LANGUAGE [KEY…]`
 * notes that these translations (by default all of the language) say what the English sentences say today.
 */
import { writeFileSync } from 'node:fs'
import { isLanguage } from '../../src/messages/languages.ts'
import { messageFolders, sourceOf, typesFile, typesOf } from './message-types.ts'
import { accept, reportOf } from './translations.ts'

const [command, language, ...keys] = process.argv.slice(2)

for (const folder of messageFolders()) writeFileSync(typesFile(folder), typesOf(sourceOf(folder)))

if (command === 'accept' && isLanguage(language) && language !== 'en') {
  for (const folder of messageFolders()) accept(folder, language, keys)
} else if (command !== undefined) {
  console.error('usage: npm run messages [-- accept LANGUAGE [KEY…]]')
  process.exitCode = 2
}

for (const folder of messageFolders()) console.log(reportOf(folder))

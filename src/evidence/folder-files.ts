/** The files of an evidence folder, in order. */

export const folderFiles = [
  { name: 'evidence.html', what: 'this page: everything in words, figures and pictures' },
  { name: 'policy.csv', what: 'each rule of each app, as a sentence and in parts' },
  { name: 'budgets.csv', what: 'how much may leave, and what happens if it is more' },
  { name: 'people.csv', what: 'everybody who has an account, with factors, status and the sign-ins of the range' },
  { name: 'factors.csv', what: 'each second factor: kind, when it was added and last used' },
  { name: 'sign-ins.csv', what: 'each attempt to sign in, accepted or not' },
  { name: 'refusals.csv', what: 'each refused request, and what was only counted' },
  { name: 'suspensions.csv', what: 'who was suspended or resumed, when, by whom and why' },
  {
    name: 'warnings.csv',
    what: 'what the gate noticed by itself: budgets, unusual use, lost lines, certificates that end'
  },
  { name: 'changes.csv', what: 'what was changed: people, factors, invitations, keys, configuration, the gate itself' },
  { name: 'apps.csv', what: 'the use of each app' },
  { name: 'figures.csv', what: 'the numbers of the charts' },
  { name: 'gaps.csv', what: 'what this folder does not show, and which protections are not in force' },
  {
    name: 'journal-proof.json',
    what: 'the result of the journal’s proof, with the end of the chain and the public keys'
  },
  { name: 'packages.csv', what: 'the packages of the program, with versions and licences' },
  { name: 'advisories.csv', what: 'known faults of these packages, from the file that was given' },
  { name: 'sbom.cdx.json', what: 'the bill of materials (CycloneDX)' },
  { name: 'summary.json', what: 'the figures for programs' },
  { name: 'public-key.pem', what: 'the public key of the signature' }
] as const

export type FolderFile = (typeof folderFiles)[number]['name']

/** The Chromium of the tests: where it is, and how it is started. */

export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** The variable that names one Chromium for all test files of a run; where it is not set, each file starts its own. */
export const shared = 'FACTORGATE_BROWSER'

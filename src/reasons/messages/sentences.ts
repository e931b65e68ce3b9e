/** The types of the messages in en.json. `npm run messages` writes this file. */

export interface Sentences {
  readonly size: {
    readonly bytes: (args: { readonly count: number }) => string
    readonly KiB: (args: { readonly amount: string }) => string
    readonly MiB: (args: { readonly amount: string }) => string
    readonly GiB: (args: { readonly amount: string }) => string
    readonly TiB: (args: { readonly amount: string }) => string
  }
  readonly count: {
    readonly requests: (args: { readonly count: number }) => string
    readonly pages: (args: { readonly count: number }) => string
  }
  readonly within: {
    readonly day: (args: { readonly count: number }) => string
    readonly hour: (args: { readonly count: number }) => string
    readonly minute: (args: { readonly count: number }) => string
    readonly second: (args: { readonly count: number }) => string
  }
  readonly client: {
    readonly on: (args: { readonly browser: string; readonly system: string }) => string
    readonly none: string
  }
  readonly usual: (args: { readonly usual: string; readonly busy: string }) => string
  readonly signal: {
    readonly bytes: (args: { readonly amount: string }) => string
    readonly objects: (args: { readonly amount: number }) => string
    readonly newObjects: (args: { readonly amount: number }) => string
    readonly foreignObjects: (args: { readonly amount: number }) => string
    readonly changes: (args: { readonly amount: number }) => string
    readonly deletions: (args: { readonly amount: number }) => string
    readonly peakWrites: (args: { readonly amount: number }) => string
    readonly foreignBytes: (args: { readonly amount: string }) => string
    readonly newAreas: (args: { readonly amount: number }) => string
    readonly peakBytes: (args: { readonly amount: string }) => string
    readonly peakObjects: (args: { readonly amount: number }) => string
    readonly refusals: (args: { readonly amount: number }) => string
    readonly run: (args: { readonly amount: number }) => string
    readonly bare: (args: { readonly amount: number }) => string
    readonly regular: (args: { readonly amount: number }) => string
    readonly haul: (args: { readonly amount: number }) => string
    readonly haulRow: (args: { readonly files: number; readonly size: string }) => string
    readonly lonely: (args: { readonly amount: number }) => string
    readonly bytesSum: (args: { readonly usual: string }) => string
    readonly foreignBytesSum: (args: { readonly usual: string }) => string
    readonly newObjectsSum: (args: { readonly usual: string }) => string
    readonly foreignObjectsSum: (args: { readonly usual: string }) => string
    readonly bytesRecord: (args: { readonly amount: string; readonly most: string }) => string
    readonly objectsRecord: (args: { readonly amount: number; readonly most: string }) => string
    readonly repeat: (args: { readonly days: number; readonly count: number }) => string
    readonly hours: (args: { readonly from: string; readonly to: string; readonly time: 'rest' | 'other'; readonly share: number }) => string
    readonly led: (args: { readonly objects: number; readonly size: string }) => string
    readonly sparedToday: string
    readonly sparedBefore: string
    readonly network: (args: { readonly network: string }) => string
    readonly country: (args: { readonly country: string }) => string
    readonly countryMoved: (args: { readonly country: string }) => string
    readonly device: (args: { readonly app: string; readonly client: string }) => string
    readonly changed: (args: { readonly client: string }) => string
    readonly headers: (args: { readonly client: string }) => string
    readonly headersMoved: (args: { readonly client: string }) => string
    readonly stopped: string
    readonly disguised: (args: { readonly client: string }) => string
    readonly twoPlaces: string
    readonly travel: (args: { readonly within: string; readonly distance: string }) => string
  }
  readonly program: {
    readonly bytes: (args: { readonly program: string; readonly amount: string; readonly usual: string }) => string
    readonly together: (args: { readonly amount: string; readonly usual: string }) => string
  }
  readonly budget: {
    readonly fetched: (args: { readonly amount: string; readonly where: 'one' | 'other'; readonly app: string; readonly within: string }) => string
    readonly sent: (args: { readonly amount: string; readonly where: 'one' | 'other'; readonly app: string; readonly within: string }) => string
    readonly requests: (args: { readonly amount: string; readonly where: 'one' | 'other'; readonly app: string; readonly within: string }) => string
    readonly pages: (args: { readonly amount: string; readonly where: 'one' | 'other'; readonly app: string; readonly count: number; readonly within: string }) => string
    readonly allows: (args: { readonly budget: string; readonly limit: string }) => string
    readonly unanswered: string
    readonly led: (args: { readonly amount: string }) => string
    readonly spared: string
    readonly confirmable: string
    readonly ofAccount: (args: { readonly name: string }) => string
    readonly ofProgram: (args: { readonly program: string; readonly name: string }) => string
    readonly ofApp: (args: { readonly app: string }) => string
    readonly ofEveryone: string
  }
  readonly decoy: {
    readonly opened: (args: { readonly app: string; readonly decoy: string }) => string
    readonly openedByProgram: (args: { readonly app: string; readonly decoy: string; readonly program: string }) => string
    readonly halfWay: (args: { readonly decoy: string; readonly app: string }) => string
    readonly prefetch: (args: { readonly decoy: string; readonly app: string }) => string
    readonly otherSite: (args: { readonly decoy: string; readonly app: string }) => string
    readonly embedded: (args: { readonly decoy: string; readonly app: string }) => string
    readonly unknownLink: (args: { readonly decoy: string; readonly app: string }) => string
    readonly reported: string
    readonly nothingGiven: string
    readonly suspended: string
    readonly revoked: string
    readonly ended: string
    readonly asked: string
  }
  readonly app: {
    readonly on: (args: { readonly page: string; readonly app: string }) => string
    readonly form: (args: { readonly target: string }) => string
    readonly formHere: string
    readonly passwordForm: (args: { readonly target: string }) => string
    readonly passwordFormHere: string
    readonly base: (args: { readonly target: string }) => string
    readonly script: (args: { readonly target: string }) => string
    readonly names: (args: { readonly target: string }) => string
    readonly redirect: (args: { readonly target: string }) => string
    readonly refresh: (args: { readonly target: string }) => string
    readonly frame: (args: { readonly target: string }) => string
    readonly style: (args: { readonly target: string }) => string
    readonly answers: (args: { readonly path: string }) => string
    readonly posts: (args: { readonly path: string }) => string
    readonly file: (args: { readonly path: string }) => string
    readonly structure: string
    readonly code: (args: { readonly count: number }) => string
    readonly more: (args: { readonly count: number }) => string
    readonly visitor: string
    readonly visitors: string
    readonly full: (args: { readonly app: string }) => string
    readonly fullChange: string
    readonly fullAlarm: string
    readonly fullProgram: string
    readonly fullStranger: string
    readonly approve: string
  }
}

/** The pictures of pages in docs/pictures: which page of the product each shows. `npm run pictures` takes them. */

export interface Picture {
  /** The file is `docs/pictures/FILE.webp`. */
  readonly file: string
  /** `story`: a page of tests/portal/story-list.tsx. `console`: a page of a console with people (tests/fixtures/browser/desk.ts). */
  readonly of: { readonly story: string } | { readonly console: string }
  readonly colorScheme?: 'dark'
  /** CSS pixels; by default 720 wide, and as high as the page, at most 1000. */
  readonly width?: number
  readonly maxHeight?: number
}

export const pictures: readonly Picture[] = [
  { file: 'sign-in', of: { story: 'login' } },
  { file: 'sign-in-dark', of: { story: 'login' }, colorScheme: 'dark' },
  { file: 'confirm', of: { story: 'challenge' } },
  { file: 'invitation', of: { story: 'invite' } },
  { file: 'first-factor', of: { story: 'enrol' } },
  { file: 'authenticator-app', of: { story: 'enrol-totp' }, width: 900 },
  { file: 'recovery-codes', of: { story: 'recovery-codes' } },
  { file: 'apps', of: { story: 'apps' } },
  { file: 'ask-approval', of: { story: 'ask-sponsor' } },
  { file: 'console-now', of: { console: 'now' }, width: 1180 },
  { file: 'console-person', of: { console: 'person' }, width: 1180, maxHeight: 820 },
  { file: 'console-watch', of: { console: 'watch' }, width: 900, maxHeight: 900 },
  { file: 'console-reset', of: { console: 'reset' }, width: 1180 }
]

/** Bytes that a picture may have. */
export const maxBytes = 60_000

export const pathOf = ({ file }: Picture) => `docs/pictures/${file}.webp`

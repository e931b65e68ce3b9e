/** What page.js needs for a password field: the words of the switch that shows it, and of the hint that Caps Lock is on. */
import type { Messages } from './messages/messages.ts'

export function passwordAid({ typing: { show, capsLock } }: Messages) {
  return { 'data-aid': [show, capsLock].join('|') }
}

/** For a new password also the words that say whether it is long enough. The script puts the number in the place of `#`. */
export function newPasswordAid({ typing: { show, capsLock, short, enough } }: Messages) {
  return { 'data-aid': [show, capsLock, short({ typed: '#' }), enough].join('|') }
}

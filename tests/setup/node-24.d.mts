/** The Node.js 24 for the tests of HTTP/2: this one, or the one that `npm run setup` installs; null where there is none. */
export function node24(): string | null

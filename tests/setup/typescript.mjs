/** Lets Node.js load TypeScript: `node --import=./tests/setup/typescript.mjs FILE`. */
import { register } from 'node:module'

register('./translate.mjs', import.meta.url)

/** The name of a browser and a device: "Firefox on Linux". Anybody can set the User-Agent, so no decision may depend on it. */
import { browserOf, systemOf } from '../../src/request/user-agent.ts'
import type { Messages } from './messages/messages.ts'

/** "Firefox on Linux", "Safari on iPhone", or "A browser". */
export function browserName(userAgent: string, { device }: Messages): string {
  const browser = browserOf(userAgent) ?? device.someBrowser
  const system = systemOf(userAgent)
  return system === null ? browser : device.on({ browser, system })
}

/** "iPhone", "Windows", … or null: the proposed name of a new passkey. */
export const systemName = systemOf

/** The words of device-bound sign-ins (Device Bound Session Credentials, W3C draft): what an app asks for, and what a request shows. */

/** What an app or a rule asks for. `preferred`: a sign-in that has a device key must show it. `required`: without one nothing passes. */
export const deviceBoundLevels = ['off', 'preferred', 'required'] as const
export type DeviceBound = (typeof deviceBoundLevels)[number]

/**
 * What a request shows of its sign-in's device key on this host. `none`: there is no key. `fresh`: it carries a live bound cookie. `stale`:
 * there is a key, and no live bound cookie, so the token proves nothing.
 */
export type Binding = 'none' | 'fresh' | 'stale'

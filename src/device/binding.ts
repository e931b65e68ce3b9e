/** The words of device-bound sign-ins (Device Bound Session Credentials, W3C draft). */

/** `preferred`: a sign-in with a device key must show it. `required`: nothing passes without one. */
export const deviceBoundLevels = ['off', 'preferred', 'required'] as const
export type DeviceBound = (typeof deviceBoundLevels)[number]

/** `fresh`: a live bound cookie. `stale`: a key without one, so the token proves nothing. */
export type Binding = 'none' | 'fresh' | 'stale'

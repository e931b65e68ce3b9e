/**
 * For routes whose GET changes nothing: what watches a gate from outside often asks with HEAD. Others would spend a code or a sign-in that
 * is under way, and their answer nobody would see.
 */
export const withHead = { exposeHeadRoute: true } as const

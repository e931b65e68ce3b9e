/** The ways that several tests begin with. */
import { codeAt, type House } from './house.ts'
import { type Answer, formsOf, secretOn, Visitor } from './visitor.ts'

export const password = 'correct horse battery'

/** Ada with a password, an authenticator app and recovery codes, as after her invitation; signed in, a minute later. */
export async function enrolled(house: House, visitor = new Visitor(house.app)) {
  await visitor.submit(await visitor.open(await house.invite()), { password })
  const page = await visitor.open(`${house.portalOrigin}/.factorgate/enrol/totp`)
  const secret = secretOn(page)
  const codesPage = await visitor.submit(page, { code: codeAt(secret, house.clock()), name: 'phone' })
  house.time.advance(60)
  return { visitor, secret, codesPage }
}

/** After the password, before the second factor. */
export async function halfWay(
  house: House,
  visitor = new Visitor(house.app),
  start = `${house.portalOrigin}/.factorgate/login`
) {
  const page = await visitor.submit(await visitor.open(start), { username: 'ada', password })
  return { visitor, page }
}

/** The whole way, from a browser of its own. Spends a code: turn the clock before the next one. */
export async function signedIn(house: House, secret: string, visitor = new Visitor(house.app), start?: string) {
  const { page } = await halfWay(house, visitor, start)
  const landed = await visitor.submit(page, { code: codeAt(secret, house.clock()) }, /totp/)
  house.time.advance(30)
  return { visitor, landed }
}

export const csrfOn = (page: Answer) => formsOf(page.body)[0]?.hidden.csrf ?? ''

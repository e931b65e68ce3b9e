/** The recipients of a notice: the person, a sponsor, the operators, and webhooks. */
import type { Account } from '../identity/account.ts'
import type { Recipient } from './delivery.ts'
import type { Notice, Told } from './notice.ts'
import { groupOf, type NoticeGroup } from './notice-groups.ts'

interface FanOutInput {
  readonly byName: (name: string) => Promise<Pick<Account, 'id'> | null>
  readonly hasMail: boolean
  readonly operators: () => Promise<readonly Recipient[]>
  readonly webhooks: readonly { readonly url: string; readonly events: readonly NoticeGroup[] }[]
}

export async function recipientsOf(notice: Notice, input: FanOutInput): Promise<Recipient[]> {
  const people = input.hasMail ? (await Promise.all(notice.to.map(told => peopleOf(told, input)))).flat() : []
  const group = groupOf(notice.kind)
  const webhooks = input.webhooks.filter(({ events }) => group !== null && events.includes(group))
  return distinct([...people, ...webhooks.map(({ url }): Recipient => ({ kind: 'webhook', url }))])
}

async function peopleOf(told: Told, { byName, operators }: FanOutInput): Promise<readonly Recipient[]> {
  switch (told.kind) {
    case 'account':
      return [{ kind: 'account', id: told.id }]
    case 'address':
      return [{ kind: 'address', address: told.address }]
    case 'name': {
      const account = await byName(told.name)
      return account === null ? [] : [{ kind: 'account', id: account.id }]
    }
    case 'operators':
      return operators()
  }
}

/** Operators get one notice about their own account. */
function distinct(all: readonly Recipient[]): Recipient[] {
  return [...new Map(all.map(each => [JSON.stringify(each), each])).values()]
}

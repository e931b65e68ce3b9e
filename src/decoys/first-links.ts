/** The first times in a day that a page of an app may have led a person to a decoy. */
import type { Store } from '../store/store.ts'

/** Whoever goes on after as many questions means it. */
const maxLinks = 3
const daySeconds = 86_400

/** Rejects with StoreUnreachable. */
export async function isFirstLinks(store: Pick<Store, 'add'>, account: string): Promise<boolean> {
  for (let n = 0; n < maxLinks; n++) if (await store.add(`decoy-link:${account}:${n}`, '', daySeconds)) return true
  return false
}

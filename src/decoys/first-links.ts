/** The first few times in a day that a page of an app may have led a person to a decoy. All gates count together. */
import type { Store } from '../store/store.ts'

/** Whoever follows one more link after as many questions for a proof means it. */
const maxLinks = 3
const daySeconds = 86_400

/** Counts one, and is true for the first ones. Rejects with StoreUnreachable. */
export async function isFirstLinks(store: Pick<Store, 'add'>, account: string): Promise<boolean> {
  for (let n = 0; n < maxLinks; n++) if (await store.add(`decoy-link:${account}:${n}`, '', daySeconds)) return true
  return false
}

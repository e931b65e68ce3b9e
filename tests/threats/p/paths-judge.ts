/** The meaning of "judged as /admin", "refused" and "arrives" for a path, for the rows P of docs/THREATS.md. */
import type { Test } from 'tap'
import { head, type Lab, type Reply, readReplies, refused, turnedAway } from '../../fixtures/in-process/wire.ts'

export interface Judge {
  /** Nobody gets there, nor does alice, who is no operator; olga does, and the app gets the very bytes. */
  isAdmin(t: Test, targets: readonly string[]): Promise<void>
  /** Whoever asks is refused with one of `statuses`, and nothing goes upstream. */
  areRefused(t: Test, targets: readonly string[], statuses?: readonly number[], host?: string): Promise<void>
  /** Alice gets there, and the app gets the very bytes. */
  arrive(t: Test, targets: readonly string[]): Promise<void>
  /** The first answer to these bytes. */
  replyTo(bytes: string): Promise<Reply>
}

/** `olga`: `Cookie: …` of an operator on the host of `app`. */
export function makeJudge(lab: Lab, olga: string): Judge {
  const replyTo = async (bytes: string): Promise<Reply> => {
    const [reply] = readReplies(await lab.raw(bytes))
    if (reply === undefined) throw new Error(`no answer to ${JSON.stringify(bytes)}`)
    return reply
  }
  const arriveWith = async (t: Test, targets: readonly string[], cookie: string) => {
    for (const target of targets) {
      const seen = await lab.seen(() => lab.ask(target, [cookie]))
      t.equal(seen.line, `GET ${target} HTTP/1.1`, 'arrives as it was sent')
    }
  }
  return {
    replyTo,
    async isAdmin(t, targets) {
      await lab.nothingUpstream(t, async () => {
        for (const target of targets) {
          turnedAway(t, lab, await lab.ask(target), `${target} by a stranger`)
          refused(t, await lab.ask(target, [lab.alice]), [403], `${target} by alice`)
        }
      })
      await arriveWith(t, targets, olga)
    },
    areRefused: (t, targets, statuses = [400], host = lab.host) =>
      lab.nothingUpstream(t, async () => {
        for (const target of targets)
          for (const lines of [[], [lab.alice], [olga]])
            refused(t, await replyTo(head(host, target, lines)), statuses, target)
      }),
    arrive: (t, targets) => arriveWith(t, targets, lab.alice)
  }
}

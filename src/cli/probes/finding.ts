/** What a probe of another program finds. */

export interface ProbeFinding {
  /** `problem`: people cannot sign in, or an app cannot be used. `warning`: something else goes on working, or it will soon fail. */
  readonly degree: 'problem' | 'warning'
  /** The key: `identity[1].issuer`. */
  readonly path: string
  /** What is wrong, as a sentence without full stop. */
  readonly wrong: string
  /** What to do, as a sentence without full stop. */
  readonly mend: string
}

/** The time limit of one probe, in milliseconds. */
const probeLimitMs = 10_000

/** It is a finding, too, if `work` fails or takes longer than `limitMs`. Never rejects. */
export async function limited(
  path: string,
  work: (signal: AbortSignal) => Promise<ProbeFinding[]>,
  limitMs = probeLimitMs
): Promise<ProbeFinding[]> {
  const ending = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<ProbeFinding[]>(resolve => {
    timer = setTimeout(() => {
      const mend = 'look whether it is overloaded, or whether a firewall stands between'
      resolve([{ degree: 'problem', path, wrong: `there was no answer within ${limitMs / 1000} seconds`, mend }])
    }, limitMs)
  })
  try {
    return await Promise.race([work(ending.signal), late])
  } catch (error) {
    return [
      { degree: 'problem', path, wrong: (error as Error).message, mend: 'correct the configuration or the server' }
    ]
  } finally {
    clearTimeout(timer)
    ending.abort()
  }
}

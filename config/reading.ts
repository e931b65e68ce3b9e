/**
 * What is learned while a file is read: the problems so far, and where each path stands. Owns places; refuses to judge values.
 */
import type { Place } from './document.ts'
import type { Problem } from './problems.ts'

/** What reading needs from outside. */
export interface Surroundings {
  /** As problems name it. */
  readonly file: string
  /** Absolute folder that relative paths start from. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

export class Reading {
  readonly problems: Problem[] = []
  readonly warnings: Problem[] = []
  /** What `check` alone says: it may be meant, and would tire whoever reads the start of the gate. */
  readonly advice: Problem[] = []
  /** Files that were read beside the configuration, with the key that names each: a change of one asks for a reload. */
  readonly files = new Map<string, string>()
  /** Which of them hold a secret, and the key that names them. */
  readonly secrets = new Map<string, string>()
  readonly around: Surroundings
  readonly #places = new Map<string, Place>()

  constructor(around: Surroundings) {
    this.around = around
  }

  /** Remembers where the value of a path stands in the file. */
  stands(path: string, place: Place): void {
    this.#places.set(path, place)
  }

  /** True if the file itself says something at this path; defaults do not count. */
  isGiven(path: string): boolean {
    return this.#places.has(path)
  }

  problem(path: string, message: string, place: Place = this.placeOf(path)): void {
    this.problems.push({ file: this.around.file, ...place, path, message })
  }

  warning(path: string, message: string): void {
    this.warnings.push({ file: this.around.file, ...this.placeOf(path), path, message })
  }

  advise(path: string, message: string): void {
    this.advice.push({ file: this.around.file, ...this.placeOf(path), path, message })
  }

  /** The value's place, or that of the nearest block around it that stands in the file. */
  placeOf(path: string): Place {
    for (let at = path; at !== ''; at = parentOf(at)) {
      const place = this.#places.get(at)
      if (place !== undefined) return place
    }
    return this.#places.get('') ?? { line: 1, column: 1 }
  }
}

/** By line, then by column; the same thing is said once. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map(problem => [JSON.stringify(problem), problem]))
  return [...seen.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0))
}

/** Problems, warnings and advice about a configuration, each with its key and its place in the file. */

/** Lines and columns count from 1; null without a place. */
export interface Problem {
  /** The file as the person named it; empty if none was found. */
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  /** A key such as `apps[1].upstream`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

/** `file:line:column  apps[1].upstream  must be an http(s) or unix URL, got 'foo'` */
export function formatProblem(problem: Problem): string {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column}`
  return [place, problem.path, problem.message].filter(part => part !== '').join('  ')
}

/** The caller gets no list of problems. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], message = problems.map(formatProblem).join('\n')) {
    super(message)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export interface Place {
  readonly line: number
  readonly column: number
}

interface ReadingContext {
  readonly file: string
  /** Absolute, for relative paths. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

export class Diagnostics {
  readonly problems: Problem[] = []
  readonly warnings: Problem[] = []
  /** Only `factorgate check` prints them, since the setting may be intended. */
  readonly advice: Problem[] = []
  /** Further files with their keys. A change of one causes a reload. */
  readonly files = new Map<string, string>()
  /** Files that hold a secret, with their keys. */
  readonly secrets = new Map<string, string>()
  readonly context: ReadingContext
  readonly #places = new Map<string, Place>()

  constructor(context: ReadingContext) {
    this.context = context
  }

  recordPlace(path: string, place: Place): void {
    this.#places.set(path, place)
  }

  /** Defaults do not count. */
  isGiven(path: string): boolean {
    return this.#places.has(path)
  }

  problem(path: string, message: string, place: Place = this.placeOf(path)): void {
    this.problems.push({ file: this.context.file, ...place, path, message })
  }

  warning(path: string, message: string): void {
    this.warnings.push({ file: this.context.file, ...this.placeOf(path), path, message })
  }

  advise(path: string, message: string): void {
    this.advice.push({ file: this.context.file, ...this.placeOf(path), path, message })
  }

  /** The value's place, or that of the nearest block around it. */
  placeOf(path: string): Place {
    for (let at = path; at !== ''; at = parentOf(at)) {
      const place = this.#places.get(at)
      if (place !== undefined) return place
    }
    return this.#places.get('') ?? { line: 1, column: 1 }
  }
}

/** Sorted by line and column, without repetitions. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map(problem => [JSON.stringify(problem), problem]))
  return [...seen.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0))
}

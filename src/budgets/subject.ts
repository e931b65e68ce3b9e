/** For whom or what a budget counts an exchange. */
import type { Budget } from './budget.ts'
import type { Who } from './demand.ts'

/** Null where the exchange does not count. */
export function subjectOf({ per }: Budget, app: string, who: Who | null): string | null {
  switch (per) {
    case 'person':
      return who?.account ?? null
    case 'session':
      return who?.session ?? null
    case 'token':
      return who?.token ?? null
    case 'app':
      return app
    case 'everyone':
      return 'all'
  }
}

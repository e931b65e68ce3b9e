/** The watchers that ask directories and institutions whether people may stay signed in. */
import type { AuditSink } from '../audit/event.ts'
import type { Directories } from '../identity/directories.ts'
import type { InstitutionSessions } from '../session/institution-sessions.ts'
import { DirectoryRefresh } from '../watchers/directory-refresh.ts'
import { InstitutionRefresh } from '../watchers/institution-refresh.ts'
import type { Services } from './services.ts'

/** `stop` also closes the directories' connections. */
export function directoryWatchers(
  directories: Directories,
  institutionSessions: InstitutionSessions,
  { accounts, sessions, tokens, store, clock, log }: Services,
  journal: AuditSink
): { start(): void; stop(): Promise<void> } {
  const shared = { accounts, sessions, tokens, store, journal, clock, log }
  const watchers = [
    new DirectoryRefresh({ ...shared, directories: directories.passwords }),
    new InstitutionRefresh({ ...shared, institutions: directories.institutions, institutionSessions })
  ]
  return {
    start: () => {
      for (const watcher of watchers) watcher.start()
    },
    stop: () => {
      for (const watcher of watchers) watcher.stop()
      return directories.close()
    }
  }
}

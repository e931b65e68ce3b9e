#!/usr/bin/env node
/** The entry. It imports nothing at its head, so that it can say why the program cannot be loaded. */
try {
  await import('./cli/program.ts')
} catch (error) {
  const { code = '' } = error as NodeJS.ErrnoException
  if (!/^(?:EMFILE|ENFILE)$/.test(code)) throw error
  process.stderr.write(
    'factorgate: the program cannot be loaded, because this process may open too few files at once; raise the limit (ulimit -n 1024; in systemd: LimitNOFILE=)\n'
  )
  process.exit(1)
}

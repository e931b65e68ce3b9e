/** Helpers that read configurations: one completes a text to a whole file, one shows problems as `line:column  path  message`. */
import { formatProblem, type Loaded, parseConfig } from '../../config/load.ts'

/** `text` with the parts that every file needs. They come below it, so that its line numbers stay. */
export function complete(text: string): string {
  const portal = /^portal:/m.test(text) ? '' : 'portal: { url: https://gate.lab.example }\n'
  const proxies = /^trustedProxies:/m.test(text) ? '' : 'trustedProxies: [10.0.0.1]\n'
  const apps = /^apps:/m.test(text) ? '' : 'apps: [{ id: x, url: https://x.lab.example, upstream: http://10.9.9.9 }]\n'
  return `${text.trimEnd()}\n${portal}${proxies}${apps}`
}

export function read(text: string, env: NodeJS.ProcessEnv = {}, file = '/etc/gate/factorgate.yaml'): Loaded {
  return parseConfig(complete(text), file, env)
}

/** The problems, or the warnings where there are none. */
export function said(loaded: Loaded): string[] {
  const list = loaded.kind === 'ok' ? loaded.warnings : loaded.problems
  return list.map(problem => formatProblem(problem).replace(/^\/etc\/gate\/factorgate\.yaml:/, ''))
}

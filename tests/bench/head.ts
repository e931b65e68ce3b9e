/** The head of a report: time, machine, and the versions of the gate and its peers. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { program } from './processes.ts'
import { table } from './report.ts'

const packageAt = (folder: string) =>
  JSON.parse(readFileSync(new URL(`../../${folder}package.json`, import.meta.url), 'utf8')).version as string

/** What a program calls its version, or that it is not there. */
function versionOf(name: string, args: readonly string[], pattern: RegExp): string {
  const file = program(name)
  if (file === null) return 'not installed'
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' })
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown'
}

export function head(mode: string): string {
  const cores = os.cpus()
  const load = os
    .loadavg()
    .map(each => each.toFixed(1))
    .join(' ')
  return `## Bench (${mode})

${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. ${cores.length} × ${cores[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}; load average before: ${load}.

${table(
  ['Factorgate', 'Node.js', 'Fastify', '@fastify/http-proxy', 'nginx', 'wrk', 'curl', 'Redis'],
  [
    [
      packageAt(''),
      process.versions.node,
      packageAt('node_modules/fastify/'),
      packageAt('node_modules/@fastify/http-proxy/'),
      versionOf('nginx', ['-v'], /nginx\/(\S+)/),
      versionOf('wrk', ['-v'], /wrk (\S+)/),
      versionOf('curl', ['--version'], /curl (\S+)/),
      versionOf('redis-server', ['--version'], /v=(\S+)/)
    ]
  ]
)}
`
}

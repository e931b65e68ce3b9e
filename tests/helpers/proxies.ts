/** nginx, Caddy and HAProxy as people run them in front: started with a configuration on a port the system chose, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { whereIs } from '../setup/machine.mjs'

/** Whether the program is on this machine; where nothing may be installed, a test says that it is not asked. */
export const hasProgram = (name: string): boolean => whereIs(name) !== null

/** nginx with these blocks inside `http`. */
export async function startNginx(t: Test, http: string, port: number): Promise<void> {
  const folder = folderOf(t, 'nginx')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr notice;
events { worker_connections 64; }
http { access_log off; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(' ')}
${http}
}`
  )
  await run(t, 'nginx', ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`], folder, port)
}

/** Caddy with this Caddyfile; its admin endpoint stays off. */
export async function startCaddy(t: Test, caddyfile: string, port: number): Promise<void> {
  const folder = folderOf(t, 'caddy')
  writeFileSync(`${folder}/Caddyfile`, `{\n\tadmin off\n\tauto_https off\n}\n${caddyfile}`)
  await run(t, 'caddy', ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'], folder, port)
}

/** HAProxy with this configuration; `lua` stands for the path of a script with this text. */
export async function startHaproxy(t: Test, config: string, lua: string, port: number): Promise<void> {
  const folder = folderOf(t, 'haproxy')
  writeFileSync(`${folder}/auth.lua`, lua)
  writeFileSync(`${folder}/haproxy.cfg`, config.replace(/lua-load \S+/, `lua-load ${folder}/auth.lua`))
  await run(t, 'haproxy', ['-db', '-f', `${folder}/haproxy.cfg`], folder, port)
}

function folderOf(t: Test, name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `factorgate-${name}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function run(t: Test, program: string, args: string[], folder: string, port: number): Promise<void> {
  const child = spawn(whereIs(program) ?? program, args, {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', part => {
      said = (said + part).slice(-4_000)
    })
  await listening(child, port, () => said)
}

/** Resolves once something accepts on the port; what each of them says about that differs too much to be read. */
async function listening(child: ChildProcess, port: number, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${said()}`)
    const isOpen = await new Promise<boolean>(resolve => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => socket.destroy())
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

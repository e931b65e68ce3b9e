/** nginx from its Debian package, as an app with a small answer, as a source of large ones, and as a plain proxy. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { freePort } from '../fixtures/process/free-port.ts'
import type { Ender } from '../fixtures/process/gate.ts'
import { answers, kill, program, type Served } from './processes.ts'

/** 100 bytes whatever is asked: fast enough that the proxies are what is measured. Null where there is no nginx. */
export function serveSmall(end: Ender): Promise<Served | null> {
  return serve(end, () => `default_type application/octet-stream; location / { return 200 "${'x'.repeat(100)}"; }`)
}

/** The files of a folder, by sendfile. */
export function serveFiles(end: Ender, folder: string): Promise<Served | null> {
  return serve(end, () => `root ${folder}; sendfile on; sendfile_max_chunk 1m; default_type application/octet-stream;`)
}

/** How the proxy is set up: it holds nothing back, neither bodies nor answers. */
export const proxySettings = 'proxy_buffering off, proxy_request_buffering off, proxy_buffer_size 64k'

/** PEM files. */
interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A proxy that checks nothing, with TLS as the gate has it where a certificate is given: tickets, no cache of sessions. */
export function serveProxy(end: Ender, upstream: string, tls: Certificate | null = null): Promise<Served | null> {
  const { host } = new URL(upstream)
  return serve(
    end,
    () => `location / {
      proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      client_max_body_size 0; proxy_buffering off; proxy_request_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k;
      proxy_read_timeout 600s; proxy_send_timeout 600s;
    }`,
    `upstream upstream { server ${host}; keepalive 64; keepalive_requests 1000000000; }`,
    tls
  )
}

async function serve(
  end: Ender,
  server: () => string,
  outside = '',
  tls: Certificate | null = null
): Promise<Served | null> {
  const binary = program('nginx')
  if (binary === null) return null
  const folder = await mkdtemp(path.join(os.tmpdir(), 'factorgate-nginx-'))
  const port = await freePort()
  // As root its workers would be somebody else, who may not read what is ours.
  const user = process.getuid?.() === 0 ? `user ${os.userInfo().username};` : ''
  const secure =
    tls === null
      ? ''
      : `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on; ssl_session_timeout 2h;`
  // One process, whose processor time is all of it.
  await writeFile(
    path.join(folder, 'nginx.conf'),
    `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr crit; ${user}
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 60s;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  ${outside}
  server { listen 127.0.0.1:${port}${tls === null ? '' : ' ssl'}; ${secure} ${server()} }
}
`
  )
  const child = spawn(binary, ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  end.teardown(async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  })
  await answers(port)
  const version = /nginx\/(\S+)/.exec(spawnSync(binary, ['-v'], { encoding: 'utf8' }).stderr)?.[1]
  return { name: `nginx ${version}`, origin: `http${tls === null ? '' : 's'}://127.0.0.1:${port}`, pid: child.pid! }
}

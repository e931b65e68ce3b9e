/**
 * The apps that were tried behind the gate, and the settings that each needs on both sides. `npm run labapps` runs this list, and
 * config/apps.md is written from it.
 */

export interface Recipe {
  /** The name of the run. */
  readonly id: string
  /** The folder of the lab app. Several recipes may use one. */
  readonly folder: string
  readonly title: string
  /** The app as it was installed for the check. */
  readonly installed: string
  /** Its entry under `apps:`, as YAML. The run replaces `id`, `url` and `upstream` with those of this machine, and nothing else. */
  readonly gate: string
  /** The settings on the app's side, one sentence each; none where it is taken as installed. */
  readonly app: readonly string[]
  /** Variables that make the lab's start script apply those settings. */
  readonly env: Readonly<Record<string, string>>
  /** Where the app stands under a path of a host that others share. Left out: the gate takes the path away, and the app needs nothing. */
  readonly underPath?: {
    /** Whether the app sees the path too: then it stands in `upstream` as well. */
    readonly isKept?: boolean
    /** Variables for the lab's start script; `{path}` is the path. */
    readonly env?: Readonly<Record<string, string>>
    /** What to set, for people. */
    readonly app?: readonly string[]
    /** Checks that cannot pass there, by the beginning of their names. */
    readonly fails?: readonly string[]
  }
  /** What the run tries through the gate. */
  readonly tried: string
  /** What does not work, or what people need to know. */
  readonly note?: string
}

const notebook = (more: string) => `- id: notebooks
  title: Notebooks
  url: https://notebooks.lab.example
  upstream: http://127.0.0.1:8888
${more}`

export const recipes: readonly Recipe[] = [
  {
    id: 'jupyter',
    folder: 'jupyter',
    title: 'Jupyter Notebook, as installed',
    installed:
      "Debian's `jupyter-notebook` (Notebook 6), bound to loopback, with `allow_remote_access` false (the default)",
    gate: notebook('  preserveHost: false\n'),
    app: [],
    env: { ALLOW_REMOTE: 'False' },
    tried:
      'sign-in with XSRF check, upload of 15 MB, download with Referer check, kernel and terminal over WebSocket, refusal of other sites, API token in `Authorization`',
    note: 'A notebook server on loopback accepts only its own name and answers 403 to others. `preserveHost: false` sends it that name.'
  },
  {
    id: 'jupyter-remote',
    folder: 'jupyter',
    title: 'Jupyter Notebook that knows its public name',
    installed: "Debian's `jupyter-notebook` (Notebook 6), bound to loopback",
    gate: notebook(''),
    app: ['`c.NotebookApp.allow_remote_access = True` in `jupyter_notebook_config.py` (`c.ServerApp.…` in newer ones)'],
    env: { ALLOW_REMOTE: 'True' },
    tried: 'the same'
  },
  {
    id: 'node-red',
    folder: 'node-red',
    title: 'Node-RED',
    installed: 'Node-RED 4 from npm, `uiHost: "127.0.0.1"`',
    gate: `- id: flows
  title: Flows
  url: https://flows.lab.example
  upstream: http://127.0.0.1:1880
`,
    app: ['`apiMaxLength` in `settings.js`, if flows upload more than 5 MB at once (the check sets `50mb`)'],
    env: {},
    tried: 'editor, flows, WebSocket echo of 64 KB, a body of 20 MB'
  },
  {
    id: 'dokuwiki',
    folder: 'dokuwiki',
    title: 'DokuWiki',
    installed: "Debian's `dokuwiki` on Apache with PHP 8.2",
    gate: `- id: wiki
  title: Wiki
  url: https://wiki.lab.example
  upstream: http://127.0.0.1:8080
`,
    app: [
      "`$conf['trustedproxy'] = '^127\\.0\\.0\\.1$';` in `conf/local.php`: then it believes `X-Forwarded-Proto` and marks its cookies as secure",
      '`upload_max_filesize` and `post_max_size` in `php.ini`, as large as what people upload (the check sets 200 MB)'
    ],
    env: {},
    tried: 'sign-in, sessions, editing with its token, media upload of 8 MB, Range'
  },
  {
    id: 'radicale',
    folder: 'radicale',
    title: 'Radicale (calendars)',
    installed: "Debian's `radicale`",
    gate: `- id: calendars
  title: Calendars
  url: https://calendars.lab.example
  upstream: http://127.0.0.1:5232
  identityHeaders: { user: X-Remote-User }
`,
    app: ['`type = http_x_remote_user` under `[auth]` in its `config`: then it takes the user from the gate'],
    env: { AUTH: 'http_x_remote_user' },
    tried: 'PROPFIND, MKCALENDAR, PUT, REPORT, an identity header that a visitor forged',
    note: 'Calendar programs cannot sign in at the gate. They need `access: public` for their network and `type = htpasswd` in Radicale instead.'
  },
  {
    id: 'webdav',
    folder: 'webdav',
    title: 'Apache with WebDAV and CGI',
    installed: "Debian's `apache2` with `mod_dav`, its own Basic and Digest accounts, and old CGI scripts",
    gate: `- id: files
  title: Files
  url: https://files.lab.example
  upstream: http://127.0.0.1:8081
`,
    app: [],
    env: {},
    tried:
      'all DAV methods with absolute `Destination`, LOCK, PUT in chunks and with `Expect`, upload of 150 MB, Range, events, latin-1 in headers and paths, a login that compares Referer and Host',
    note: 'Rules with methods must include COPY and MOVE. File managers that cannot sign in at the gate need `access: public` for their network. The app then checks their Basic account.'
  },
  {
    id: 'httpserver10',
    folder: 'httpserver10',
    title: 'Anything that speaks HTTP/1.0',
    installed: "Python's `http.server`",
    gate: `- id: results
  title: Results
  url: https://results.lab.example
  upstream: http://127.0.0.1:8000
`,
    app: [],
    env: {},
    tried: 'pages, a download of 64 MB, redirects of folders, 304, 501'
  }
]

/** The table of these apps in README.md. */
export function recipesTable(): string {
  const rows = recipes.map(({ title, gate, app }) => {
    const keys = gate.split('\n').filter(line => /^ {2}(?!title:|url:|upstream:)\S/.test(line))
    const atGate = keys.length === 0 ? 'nothing' : keys.map(line => `\`${line.trim()}\``).join(', ')
    return `| ${title} | ${atGate} | ${app.length === 0 ? 'nothing' : app.join('; ')} |`
  })
  return ['| app | at the gate, besides `url` and `upstream` | at the app |', '|---|---|---|', ...rows].join('\n')
}

/** The text of config/apps.md. */
export function recipesPage(): string {
  const sections = recipes.map(({ id, title, installed, gate, app, tried, note }) => {
    const own = app.length === 0 ? 'Nothing: the app is used as installed.' : app.map(line => `- ${line}`).join('\n')
    const more = note === undefined ? '' : `\n\n${note}`
    return `## ${title}\n\n${installed}.\n\nAt the gate:\n\n\`\`\`yaml\napps:\n${gate.replace(/^(?=.)/gm, '  ')}\`\`\`\n\nAt the app:\n\n${own}\n\nTried through the gate (\`npm run labapps -- ${id}\`): ${tried}.${more}\n`
  })
  return `<!-- Written by \`npm run docs\` from config/recipes.ts, which is also what \`npm run labapps\` runs. -->\n
# Real apps, and what to set on both sides

Each of these apps was installed and tested behind the gate with exactly these lines. Only names, addresses and ports differ.
Only the gate may be able to reach an app: put it on loopback, on a Unix socket, or behind a firewall.

${sections.join('\n')}`
}

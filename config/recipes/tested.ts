/** The tested apps, and the settings of each on both sides. `npm run labapps` runs this list, and docs/apps/ is written from it. */
import type { TestedRecipe } from './recipe.ts'

const notebook = (more: string) => `- id: notebooks
  title: Notebooks
  url: https://notebooks.lab.example
  upstream: http://127.0.0.1:8888
${more}`

export const testedRecipes: readonly TestedRecipe[] = [
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
    underPath: {
      app: ["`$conf['basedir'] = '/wiki/';` in `conf/local.php`, with the path, so that the links of its pages hold it"]
    },
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
    note: 'Calendar programs cannot sign in at the gate. With `type = htpasswd` in Radicale and `tokens: true` and `upstreamLogin: { kind: basic, per: person }` here, they enter with a [token of the gate](../programs.md), and the gate adds the [login of its owner](../logins.md), which each person enters once in a browser.'
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
    underPath: {
      app: [
        'Digest accounts do not work there: Digest signs the path that the browser sees, and the gate takes the path away'
      ],
      fails: ['Digest auth']
    },
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

/** Apps that were not installed here. Their settings come from their own documentation, which each recipe names. */
import type { DocumentedRecipe } from './recipe.ts'

const at = (id: string, title: string, upstream: string, more = '') => `- id: ${id}
  title: ${title}
  url: https://${id}.lab.example
  upstream: ${upstream}
${more}`

export const documentedRecipes: readonly DocumentedRecipe[] = [
  {
    id: 'jupyterhub',
    title: 'JupyterHub',
    gate: at('hub', 'JupyterHub', 'http://127.0.0.1:8000', '  identityHeaders: remote-user\n'),
    app: [
      "`c.JupyterHub.bind_url = 'http://127.0.0.1:8000'` in `jupyterhub_config.py`: then nobody reaches it but through the gate",
      "`c.JupyterHub.authenticator_class = 'jhub_remote_user_authenticator.remote_user_auth.RemoteUserAuthenticator'`, from the package `jhub_remote_user_authenticator`",
      "`c.RemoteUserAuthenticator.header_name = 'Remote-User'`: by itself it looks for `REMOTE_USER`, which is another header, and answers 401",
      "`c.Authenticator.allow_all = True` (JupyterHub 5 and newer), since the gate's rules say who may enter"
    ],
    underPath: { isKept: true, app: ["`c.JupyterHub.bind_url = 'http://127.0.0.1:8000/NAME'`"] },
    note: "Programs that use the Hub's API with a token need a rule of their own: `{ path: /hub/api/**, networks: [10.0.0.0/8], access: public }`. The Hub checks their tokens itself.",
    sources: [
      'https://github.com/cwaldbieser/jhub_remote_user_authenticator',
      'https://jupyterhub.readthedocs.io/en/stable/howto/configuration/config-proxy.html'
    ]
  },
  {
    id: 'rstudio',
    title: 'RStudio Server and Posit Workbench',
    gate: at('rstudio', 'RStudio', 'http://127.0.0.1:8787', '  identityHeaders: rstudio\n'),
    app: [
      '`www-address=127.0.0.1` in `/etc/rstudio/rserver.conf`',
      'Posit Workbench: `auth-proxy=1` and `auth-proxy-sign-in-url=https://rstudio.lab.example/` there; it then reads `X-RStudio-Username`',
      'RStudio Server (open source) has no sign-in by header: leave out `identityHeaders`, and people sign in to it once more'
    ],
    underPath: { app: ['`www-root-path=/rstudio` in `rserver.conf`'] },
    note: 'Sign-in names must be the names of system accounts.',
    sources: [
      'https://docs.posit.co/ide/server-pro/authenticating_users/proxied_authentication.html',
      'https://docs.posit.co/ide/server-pro/access_and_security/running_with_a_proxy.html'
    ]
  },
  {
    id: 'shiny',
    title: 'Shiny Server',
    gate: at('shiny', 'Shiny', 'http://127.0.0.1:3838', '  identityHeaders: x-auth-request\n'),
    app: [
      '`listen 3838 127.0.0.1;` in `/etc/shiny-server/shiny-server.conf`',
      '`app_idle_timeout` and `app_init_timeout` there as long as people need; the gate itself ends no socket that is quiet'
    ],
    note: 'An app reads the person in `session$request$HTTP_X_AUTH_REQUEST_USER`. Shiny Server passes headers on to R only where `whitelist_headers` names them (Pro).',
    sources: ['https://docs.posit.co/shiny-server/']
  },
  {
    id: 'galaxy',
    title: 'Galaxy',
    gate: at(
      'galaxy',
      'Galaxy',
      'http://127.0.0.1:8080',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
      '  identityHeaders: { profile: galaxy, secret: "${GALAXY_SECRET}" }\n  timeouts: { response: 10m }\n'
    ),
    app: [
      '`use_remote_user: true`, `remote_user_maildomain: lab.example` and `remote_user_secret: …` in `galaxy.yml`, with the value that the variable has at the gate',
      '`remote_user_logout_href: https://galaxy.lab.example/.factorgate/logout`, so that its sign-out ends the gate’s session'
    ],
    underPath: { isKept: true, app: ['`galaxy_url_prefix: /NAME` in `galaxy.yml`'] },
    note: 'Galaxy checks API keys itself and skips the header for `/api/`. Programs with a key need `{ path: /api/**, networks: [10.0.0.0/8], access: public }`.',
    sources: [
      'https://docs.galaxyproject.org/en/master/admin/authentication.html',
      'https://docs.galaxyproject.org/en/master/admin/nginx.html'
    ]
  },
  {
    id: 'grafana',
    title: 'Grafana',
    gate: at('grafana', 'Grafana', 'http://127.0.0.1:3000', '  identityHeaders: x-webauth-user\n'),
    app: [
      '`[auth.proxy]` in `grafana.ini`: `enabled = true`, `header_name = X-WEBAUTH-USER`, `headers = Name:X-WEBAUTH-NAME Email:X-WEBAUTH-EMAIL Groups:X-WEBAUTH-GROUPS`, `whitelist = 127.0.0.1`',
      '`root_url = https://grafana.lab.example/` under `[server]`: its live sockets compare it with `Origin`'
    ],
    underPath: { isKept: true, app: ['`serve_from_sub_path = true`, and `root_url` with the path'] },
    note: 'An empty `X-WEBAUTH-GROUPS` takes a person out of all teams. Switch it off (`{ profile: x-webauth-user, groups: null }`) where teams are managed in Grafana.',
    sources: [
      'https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy/',
      'https://grafana.com/tutorials/run-grafana-behind-a-proxy/'
    ]
  },
  {
    id: 'orthanc',
    title: 'Orthanc and OHIF',
    gate: at(
      'dicom',
      'DICOM viewer',
      'http://127.0.0.1:8042',
      '  timeouts: { response: 10m }\n  rules:\n    - { path: /tools/**, methods: [POST], groups: [operators], access: mfa, factors: [webauthn] }\n    - { groups: [radiology], access: mfa }\n'
    ),
    app: [
      '`"RemoteAccessAllowed": true`, `"AuthenticationEnabled": false` and `"HttpBindAddresses": ["127.0.0.1"]` in `orthanc.json`; the last one since 1.12.9, otherwise a firewall',
      'DICOMweb plugin: `"DicomWeb": { "Host": "dicom.lab.example", "Ssl": true }`: older ones build addresses from `Host` and `Forwarded` alone',
      'OHIF: serve its files from the same host (the Orthanc plugin for OHIF does), so that no other origin is involved'
    ],
    note: 'DICOM itself (C-STORE, port 4242) is not HTTP and does not pass the gate. Keep it in the network of the scanners. Programs for DICOMweb enter with a [token of the gate](../programs.md). Python’s `dicomweb-client` leaves the port out of `Host` and gets 421, unless the gate is on port 443.',
    sources: [
      'https://orthanc.uclouvain.be/book/faq/nginx.html',
      'https://orthanc.uclouvain.be/book/plugins/dicomweb.html',
      'https://docs.ohif.org/deployment/'
    ]
  },
  {
    id: 'xnat',
    title: 'XNAT',
    gate: at('xnat', 'XNAT', 'http://127.0.0.1:8080', '  timeouts: { response: 30m }\n'),
    app: [
      'Site URL `https://xnat.lab.example` in Administer, Site Administration',
      'Tomcat: `<Connector address="127.0.0.1" …>` and a `RemoteIpValve` with `protocolHeader="X-Forwarded-Proto"` in `server.xml`'
    ],
    note: 'People sign in to XNAT once more. Programs use alias tokens as Basic accounts; give them `{ path: /data/**, networks: [10.0.0.0/8], access: public }`, and XNAT checks the tokens.',
    sources: [
      'https://wiki.xnat.org/documentation/installing-xnat-on-linux',
      'https://wiki.xnat.org/documentation/how-to-use-xnat/generating-an-alias-token-for-scripted-authentication'
    ]
  },
  {
    id: 'omero',
    title: 'OMERO.web',
    gate: at('omero', 'OMERO', 'http://127.0.0.1:4080', '  timeouts: { response: 10m }\n'),
    app: [
      '`omero config set omero.web.use_x_forwarded_host true`',
      '`omero config set omero.web.secure_proxy_ssl_header \'["HTTP_X_FORWARDED_PROTO", "https"]\'`',
      '`omero config append omero.web.csrf_trusted_origins \'"https://omero.lab.example"\'` (OMERO.web 5.23 and newer)'
    ],
    underPath: {
      isKept: true,
      app: ['`omero config set omero.web.prefix /omero` and `omero.web.static_url /omero/static/`']
    },
    note: 'People sign in to OMERO once more. OMERO.insight and the command line speak Ice (port 4064 or wss), which does not pass the gate.',
    sources: [
      'https://omero.readthedocs.io/en/stable/sysadmins/unix/install-web/web-deployment.html',
      'https://github.com/ome/omero-web'
    ]
  },
  {
    id: 'openbis',
    title: 'openBIS',
    gate: `${at('openbis', 'openBIS', 'http://127.0.0.1:8080', '  timeouts: { response: 30m }\n')}- id: openbis-store
  title: openBIS data store
  url: https://openbis.lab.example/datastore_server
  upstream: http://127.0.0.1:8081/datastore_server
  timeouts: { response: 30m }
`,
    app: [
      'Application server and data store on plain HTTP, both on loopback (`jetty.http.host` or a firewall)',
      '`host-address` and `download-url = https://openbis.lab.example` in the `service.properties` of the data store'
    ],
    note: 'People sign in to openBIS once more. pyBIS and other programs use personal access tokens; they need rules for `/openbis/openbis/**` and `/datastore_server/**` in their network with `access: public`.',
    sources: [
      'https://openbis.readthedocs.io/en/latest/system-documentation/standalone/installation-and-configuration-guide.html'
    ]
  },
  {
    id: 'elabftw',
    title: 'eLabFTW',
    gate: at(
      'elab',
      'Lab notebook',
      'http://127.0.0.1:8080',
      '  identityHeaders: { user: Auth-User, name: null, email: Auth-Email, groups: null }\n'
    ),
    app: [
      '`DISABLE_HTTPS=true` and `SITE_URL=https://elab.lab.example` in its container',
      'Sysconfig, Authentication, External authentication: on, with `HTTP_AUTH_USER` for the user, `HTTP_AUTH_EMAIL` for the address'
    ],
    note: 'Its API takes a key in `Authorization`, which the gate passes on untouched. Programs with a key need `{ path: /api/**, networks: [10.0.0.0/8], access: public }`.',
    sources: ['https://doc.elabftw.net/docs/sysadmin-guide/', 'https://doc.elabftw.net/api.html']
  },
  {
    id: 'mediawiki',
    title: 'MediaWiki',
    gate: at('mediawiki', 'Wiki', 'http://127.0.0.1:8080', '  identityHeaders: remote-user\n'),
    app: [
      "`$wgServer = 'https://mediawiki.lab.example';` in `LocalSettings.php`: it sends everybody there who names another host",
      "`wfLoadExtension( 'Auth_remoteuser' ); $wgAuthRemoteuserUserName = $_SERVER['HTTP_REMOTE_USER'] ?? '';`, with the extension of that name",
      "`$wgUseCdn = true; $wgCdnServersNoPurge = [ '127.0.0.1' ];`, so that its records name the visitors' addresses"
    ],
    underPath: { isKept: true, app: ["`$wgScriptPath = '/NAME';`, and its web server serves it under that path"] },
    note: 'Bots use `api.php` with a bot password: they need `{ path: /api.php, networks: [10.0.0.0/8], access: public }`.',
    sources: [
      'https://www.mediawiki.org/wiki/Extension:Auth_remoteuser',
      'https://www.mediawiki.org/wiki/Manual:$wgServer'
    ]
  },
  {
    id: 'nextcloud',
    title: 'Nextcloud',
    gate: at('cloud', 'Files', 'http://127.0.0.1:8080', '  timeouts: { response: 30m }\n'),
    app: [
      "`'trusted_proxies' => ['127.0.0.1'], 'overwritehost' => 'cloud.lab.example', 'overwriteprotocol' => 'https'` in `config.php`",
      "`'forwarded_for_headers' => ['HTTP_X_FORWARDED_FOR']`: otherwise its brute-force protection slows everybody down at once"
    ],
    underPath: { app: ["`'overwritewebroot' => '/NAME'`"] },
    note: 'Sync clients and phones cannot sign in at the gate. They need `{ path: /remote.php/**, networks: [10.0.0.0/8], access: public }` (and `/ocs/**`, `/status.php`, `/index.php/login/v2/**`), and app passwords of Nextcloud. Rules with methods must include COPY, MOVE, PROPFIND, REPORT and the like.',
    sources: [
      'https://docs.nextcloud.com/server/latest/admin_manual/configuration_server/reverse_proxy_configuration.html'
    ]
  },
  {
    id: 'gitea',
    title: 'Gitea and Forgejo',
    gate: at(
      'git',
      'Git',
      'http://127.0.0.1:3000',
      '  identityHeaders: x-webauth-user\n  tokens: true\n  caseSensitive: true\n'
    ),
    app: [
      '`ROOT_URL = https://git.lab.example/` and `HTTP_ADDR = 127.0.0.1` under `[server]` in `app.ini`',
      '`ENABLE_REVERSE_PROXY_AUTHENTICATION = true` under `[service]`; `REVERSE_PROXY_AUTHENTICATION_USER = X-WEBAUTH-USER`, `REVERSE_PROXY_AUTHENTICATION_EMAIL = X-WEBAUTH-EMAIL` and `REVERSE_PROXY_TRUSTED_PROXIES = 127.0.0.1/8` under `[security]`'
    ],
    note: 'git over HTTPS enters with a [token of the gate](../programs.md) as the password, and the gate tells Gitea whose it is. Tokens of Gitea itself need `{ path: /*/*.git/**, networks: [10.0.0.0/8], access: public }`. The gate passes `%2F` in paths on as it is, as Gitea needs it.',
    sources: [
      'https://docs.gitea.com/administration/reverse-proxies',
      'https://docs.gitea.com/administration/config-cheat-sheet'
    ]
  },
  {
    id: 'cockpit',
    title: 'Cockpit',
    gate: at(
      'cockpit',
      'Servers',
      'http://127.0.0.1:9090',
      '  passHeaders: [X-Superuser]\n  rules:\n    - { groups: [operators], access: mfa, factors: [webauthn], within: 1h }\n'
    ),
    app: [
      '`[WebService]` in `/etc/cockpit/cockpit.conf`: `Origins = https://cockpit.lab.example`, `ProtocolHeader = X-Forwarded-Proto`, `AllowUnencrypted = true`',
      '`ListenStream=127.0.0.1:9090` for `cockpit.socket` (`systemctl edit cockpit.socket`, after an empty `ListenStream=`)'
    ],
    underPath: { isKept: true, app: ['`UrlRoot = /NAME` beside `Origins`'] },
    note: 'People sign in to Cockpit with their system account once more. Without `X-Superuser` each of its sign-ins begins with limited access. Its socket compares `Origin`, which the gate passes on. The gate’s own admin listener also has 9090 as default: give one of the two another port.',
    sources: [
      'https://cockpit-project.org/guide/latest/cockpit.conf.5',
      'https://cockpit-project.org/guide/latest/listen'
    ]
  },
  {
    id: 'novnc',
    title: 'noVNC',
    gate: at(
      'desktop',
      'Instrument desktop',
      'http://127.0.0.1:6080',
      '  rules:\n    - { groups: [beamline], access: mfa, within: 8h }\n'
    ),
    app: ['`websockify --web /usr/share/novnc 127.0.0.1:6080 127.0.0.1:5900`: both ports on loopback alone'],
    underPath: {
      app: [
        'Nothing, but its address says where the socket is: `https://lab.example/NAME/vnc.html?path=NAME/websockify`'
      ]
    },
    note: 'Sockets stay open while nobody moves the mouse; with `within`, the gate cuts them when the proof is too old. A suspended person loses the picture at once.',
    sources: ['https://github.com/novnc/noVNC', 'https://github.com/novnc/websockify']
  },
  {
    id: 'code-server',
    title: 'code-server',
    gate: at('code', 'Editor', 'http://127.0.0.1:8080'),
    app: [
      '`bind-addr: 127.0.0.1:8080`, `auth: none` and `cert: false` in `~/.config/code-server/config.yaml`: one process for each person, each an app of its own with `users: [NAME]` in its rule',
      '`--trusted-origins code.lab.example`, where it says that the origin does not match'
    ],
    note: 'Whoever opens the editor is the system account that runs it. Do not let two people share one.',
    sources: ['https://coder.com/docs/code-server/guide', 'https://coder.com/docs/code-server/FAQ']
  },
  {
    id: 'mlflow',
    title: 'MLflow',
    gate: at('mlflow', 'Experiments', 'http://127.0.0.1:5000', '  tokens: true\n  timeouts: { response: 10m }\n'),
    app: [
      '`mlflow server --host 127.0.0.1 --allowed-hosts mlflow.lab.example --cors-allowed-origins https://mlflow.lab.example` (3.5 and newer check both)'
    ],
    note: 'The Python client enters with a [token of the gate](../programs.md): `MLFLOW_TRACKING_TOKEN=fg_…`, or `MLFLOW_TRACKING_USERNAME` and the token in `MLFLOW_TRACKING_PASSWORD`. `preserveHost: false` at the gate does in place of `--allowed-hosts` and `--cors-allowed-origins`.',
    sources: ['https://mlflow.org/docs/latest/self-hosting/security/network/']
  }
]

/** The words before the tables of reference.md. Owns what holds for every key. */

export const prologue = `<!-- Written by \`npm run docs\` from config/schema.ts. Change it there. -->
# Configuration

The gate reads one YAML file: the one that \`--config\` names, else \`FACTORGATE_CONFIG\`, else \`./factorgate.yaml\`, else
\`/etc/factorgate/factorgate.yaml\`. \`factorgate init\` writes a commented one, \`factorgate check\` says everything that is wrong with one, and
complete examples lie in [examples/](examples/).

The least there is:

\`\`\`yaml
portal: { url: https://gate.lab.example }
apps:
  - id: notebooks
    url: https://notebooks.lab.example
    upstream: http://10.1.2.3:8888
\`\`\`

Editors that know JSON Schema complete and check the file if its first line is

\`\`\`yaml
# yaml-language-server: $schema=./factorgate.schema.json
\`\`\`

with the path of [factorgate.schema.json](factorgate.schema.json) (\`factorgate schema\` prints it).

## How values are written

- **Durations** are a number and a unit: \`30s\`, \`5m\`, \`1h\`, \`7d\`. **Sizes** likewise: \`512B\`, \`64KiB\`, \`10MiB\`, \`2GiB\`. A number without a unit is refused.
  \`factors.totp.period\` alone is a bare number of seconds, as in RFC 6238.
- **Paths** that do not begin with \`/\` start in the folder of the file.
- **\`\${NAME}\`** in any value is filled in from the environment. A variable that is not set is a problem, an empty one counts as an empty value. \`$\${\`
  stands for the two characters. Inside \`{ … }\` and \`[ … ]\` put quotes around it, because YAML reads the braces first.
- **Secrets** (\`store\`, \`redis.password\`, \`redis.sentinelPassword\`) may stand in a file that \`storeFile\`, \`redis.passwordFile\` or
  \`redis.sentinelPasswordFile\` names; one line break at its end is dropped. Giving both is a problem. No message ever shows a secret.
- **Unknown keys**, keys that stand twice, and keys with nothing behind them are problems. YAML anchors and aliases work for whole values; merge
  keys (\`<<\`) do not.
- A key that begins with **\`unsafe\`** gives up a protection. The gate says so once at every start.

A changed file is read again while the gate runs (also on SIGHUP). One with problems is refused, and the old one stays.

## What is checked beyond single keys

All problems are said at once, each with line and column. Besides what the tables below say:

- Plain http addresses of the portal and of apps are refused off this machine (\`localhost\`, \`*.localhost\`, 127.0.0.0/8, \`[::1]\`) unless \`unsafeHttp: true\`.
- No two apps have the same id or the same host and path; one host is either http or https; no app lies under \`/.factorgate\`; no upstream leads back to the gate.
- \`portal.rpId\` is the portal's host or a parent domain of it, but no public suffix (\`com\`, \`co.uk\`, \`github.io\`).
- Identity and fixed headers of an app differ from each other even to servers that read \`_\` as \`-\`; none of them carries the request itself or what the gate sets.
- A rule with \`access: public\` or \`access: deny\` has no \`factors\` and no \`within\`.
- The files of \`listen.tls\` can be read and belong together. \`session.idle\` is not longer than \`session.absolute\`.

Some things are allowed but said as warnings: rules that are never reached, apps that are wholly public, session limits beyond those of NIST SP 800-63B-4 at AAL2, proxies
that everybody can pose as, an https portal with neither TLS nor a proxy in front, an expired certificate, and every \`unsafe…\` key.
`

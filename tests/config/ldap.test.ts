/** The keys of LDAP directories: required combinations, encryption, readable filters. */
import t from 'tap'
import { read, said } from './read.ts'

const bind = 'bind: { dn: "cn=gate,dc=lab", password: secret }'
const identity = (keys: string) => `identity:\n  - { id: institute, kind: ldap, base: dc=lab, ${keys} }`

t.test('what is right is taken', async t => {
  for (const keys of [
    `servers: [ldaps://ldap.example], ${bind}`,
    `servers: [ldap://ldap.example], startTls: true, ${bind}`,
    `servers: [ldap://127.0.0.1:389, ldap://localhost], ${bind}`,
    `preset: active-directory, servers: [ldaps://dc1.example, ldaps://dc2.example], ${bind}, refresh: 1m, timeout: 3s`,
    `servers: [ldaps://x.example], ${bind}, userFilter: "(&(uid={name})(memberOf:1.2.840.113556.1.4.1941:=cn=a\\\\28b,dc=lab))"`,
    `servers: [ldaps://x.example], ${bind}, groups: { filter: "(member={dn})", nested: false, name: cn }`
  ])
    t.same(said(read(identity(keys))), [], keys)
})

t.test('what is wrong is said, with the way out', async t => {
  const servers = 'servers: [ldaps://ldap.example]'
  const table: [string, RegExp][] = [
    [`servers: [ldap://ldap.example], ${bind}`, /servers\[0\] .*must be ldaps:\/\/, or use startTls: true/],
    [servers, /identity\[0\] .*needs bind .* or userDn/],
    [`${servers}, ${bind}, userDn: "uid={name},dc=lab"`, /userDn .*must not be given beside bind/],
    [`${servers}, userDn: "uid=name,dc=lab"`, /userDn .*must hold \{name\}/],
    [
      `${servers}, userDn: "{name}@lab.example", lockout: { after: 3 }`,
      /lockout\.after .*must be at least 4 .*two names/
    ],
    [`${servers}, ${bind}, userFilter: "(uid=name)"`, /userFilter .*must compare something with \{name\}/],
    [`${servers}, ${bind}, userFilter: "(&)"`, /userFilter .*nothing after '&'/],
    [`${servers}, ${bind}, userFilter: "(uid={name}\\\\)"`, /userFilter .*two hexadecimal digits/],
    [`${servers}, ${bind}, userFilter: "(&(uid={name})(x=\\\\ff*))"`, /userFilter .*not UTF-8/],
    [`${servers}, ${bind}, userFilter: "(={name})"`, /userFilter .*no comparison|userFilter .*cannot be read/],
    [`${servers}, ${bind}, groups: { filter: "(objectClass=group)" }`, /groups\.filter .*\{dn\} or \{name\}/],
    [`${servers}, ${bind}, ca: nowhere.pem`, /ca .*there is no such file/],
    [`servers: [], ${bind}`, /servers/],
    [`servers: [http://ldap.example], ${bind}`, /servers\[0\] .*must be an LDAP URL/],
    [`servers: [ldaps://gate:pw@ldap.example], ${bind}`, /servers\[0\] .*must not hold a user name or password/],
    [`${servers}, bind: { dn: "cn=gate,dc=lab", password: "" }`, /password/]
  ]
  for (const [keys, problem] of table) t.match(said(read(identity(keys))).join('\n'), problem, keys)
  t.match(
    said(read(identity(`${servers}, userDn: "uid={name},dc=lab"`))),
    [/userDn .*nobody can be looked up without their password/],
    'a direct bind is allowed, with a warning'
  )
})

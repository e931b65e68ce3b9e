/** The attribute names of federations: the friendly one and the one in messages (eduPerson, inetOrgPerson, SAML Subject Identifiers). */
const names: Readonly<Record<string, string>> = {
  cn: 'urn:oid:2.5.4.3',
  displayName: 'urn:oid:2.16.840.1.113730.3.1.241',
  eduPersonAffiliation: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.1',
  eduPersonAssurance: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.11',
  eduPersonEntitlement: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.7',
  eduPersonOrcid: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.16',
  eduPersonPrincipalName: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
  eduPersonScopedAffiliation: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.9',
  eduPersonUniqueId: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.13',
  givenName: 'urn:oid:2.5.4.42',
  isMemberOf: 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
  mail: 'urn:oid:0.9.2342.19200300.100.1.3',
  'pairwise-id': 'urn:oasis:names:tc:SAML:attribute:pairwise-id',
  sn: 'urn:oid:2.5.4.4',
  'subject-id': 'urn:oasis:names:tc:SAML:attribute:subject-id',
  uid: 'urn:oid:0.9.2342.19200300.100.1.1'
}

/** The name in messages for a known friendly name; otherwise the name itself. */
export function attributeName(name: string): string {
  return Object.hasOwn(names, name) ? names[name]! : name
}

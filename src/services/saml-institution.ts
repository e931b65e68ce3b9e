/** Makes a SAML institution from its part of the configuration. */
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import type { Source } from '../identity/arrival.ts'
import { metadataSource } from '../identity/saml/metadata-source.ts'
import { PendingAnswers } from '../identity/saml/pending-answers.ts'
import { SamlInstitution } from '../identity/saml/saml.ts'
import type { Services } from './services.ts'

type SamlConfig = Extract<Config['identity'][number], { kind: 'saml' }>

/** Throws if a file cannot be read. */
export function samlInstitution(
  config: SamlConfig,
  source: Source,
  portalOrigin: string,
  services: Services
): SamlInstitution {
  const { store, clock, log } = services
  const {
    id,
    metadata,
    metadataCertificate,
    ca,
    idp,
    refresh,
    attributes,
    mfa,
    assurance,
    entityId,
    key,
    cert,
    clockSkew,
    signOut
  } = config
  const providers = metadataSource({
    from: { kind: metadata.kind, address: metadata.kind === 'file' ? metadata.file : metadata.url },
    certificate: pem(metadataCertificate),
    ca: pem(ca),
    only: idp,
    refreshSeconds: refresh,
    clock,
    kept: services.samlMetadata,
    copies: services.samlCopies,
    onChange: state => {
      if ('problem' in state)
        log.error(
          { institution: id, problem: state.problem },
          'the metadata of an institution is not accepted; the one before it stays while it is valid'
        )
      else if ('unkept' in state)
        log.warn(
          { institution: id, problem: state.unkept },
          'no copy of the metadata of an institution was kept: after a restart, its people wait for its server'
        )
      else if (state.isCopy)
        log.warn(
          { institution: id, identityProviders: state.size },
          'the metadata of an institution is the copy from disk, until its server answers'
        )
      else log.info({ institution: id, identityProviders: state.size }, 'the metadata of an institution is read')
    }
  })
  return new SamlInstitution({
    source,
    metadata: providers,
    answers: new PendingAnswers({ store, clock, keyring: () => services.keyring }),
    secondReader: services.samlReader,
    onlyProvider: idp?.length === 1 ? idp[0]! : null,
    person: { attributes, mfaContexts: mfa?.contexts ?? [], assurance },
    address: `${portalOrigin}/.factorgate/login/${id}`,
    entityId,
    key: pem(key),
    certificate: pem(cert),
    skewMs: clockSkew * 1000,
    signsOutThere: signOut === 'institution',
    clock
  })
}

const pem = (file: string | null) => (file === null ? null : pemText(file))

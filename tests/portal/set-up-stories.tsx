/** The stories of setting up second factors. */
import type { JSX } from 'preact'
import { EnrolPage } from '../../plugins/portal/enrol.tsx'
import { EnrolTotpPage } from '../../plugins/portal/enrol-totp.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'
import { NewRecoveryPage, RecoveryPage } from '../../plugins/portal/recovery.tsx'
import { DonePage, SecondPage } from '../../plugins/portal/set-up.tsx'
import { EnrolPasskeyPage } from '../../plugins/portal/webauthn-routes.tsx'

type Make<Story> = (name: string, page: JSX.Element) => Story

const now = Date.UTC(2026, 2, 12, 14, 3, 22)
const returnTo = { rd: 'https://notebooks.lab.example/tree?path=2026', state: 'B'.repeat(43) }
const noReturn = { rd: null, state: null }

export function setUpStories<Story>(
  { half, person }: { half: Frame; person: Frame },
  { own, variant }: { own: Make<Story>; variant: Make<Story> }
): Story[] {
  const { say } = half
  const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
  const enrolTotp = {
    returnTo,
    ceremony: 'C'.repeat(22),
    secret,
    uri: `otpauth://totp/Example%20Lab:ada?secret=${secret}&issuer=Example%20Lab&algorithm=SHA1&digits=6&period=30`,
    codeDigits: 6,
    name: say.enrolTotp.suggested,
    problem: null,
    clock: null
  }

  const recovery = {
    returnTo,
    now,
    codes: [
      'k7rm-29xt-q4hd-d9hx',
      'w8pz-51nc-b6vj-67wr',
      'f3ty-84gk-m2qs-c5np',
      '2fmq-j2bv-38zt-k8fm',
      'q6ns-92dg-x4rw-7ttc',
      't5cj-17ph-v9kb-sn4x',
      'm4wf-63qx-z2td-05ek',
      'r8gn-45bs-h7yc-pq1a',
      'x3vk-78mj-p6wz-h9d2',
      'yc6e-0vz3-8rka-g5jt'
    ],
    name: 'ada',
    address: 'https://gate.lab.example',
    problem: null
  }

  return [
    own('enrol', <EnrolPage frame={half} view={{ returnTo, isFirst: true, isOff: false }} />),
    variant('enrol-again', <EnrolPage frame={half} view={{ returnTo, isFirst: true, isOff: true }} />),
    variant(
      'enrol-approved',
      <EnrolPage frame={half} view={{ returnTo, isFirst: true, isOff: false, sponsor: 'Grace Hopper' }} />
    ),
    own('enrol-passkey', <EnrolPasskeyPage frame={half} view={{ returnTo, name: 'Passkey on Mac' }} />),
    own('enrol-totp', <EnrolTotpPage frame={half} view={enrolTotp} />),
    variant('enrol-totp-wrong', <EnrolTotpPage frame={half} view={{ ...enrolTotp, problem: say.enrolTotp.wrong }} />),
    own('recovery-codes', <RecoveryPage frame={person} view={recovery} />),
    variant(
      'recovery-codes-unsaved',
      <RecoveryPage frame={person} view={{ ...recovery, problem: say.recovery.savedMissing }} />
    ),
    own('one-factor', <SecondPage frame={half} view={{ returnTo, name: 'Passkey on Mac' }} />),
    own(
      'set-up-done',
      <DonePage
        frame={person}
        view={{ returnTo, app: 'Notebooks', factors: ['Passkey on Mac', 'Authenticator on my phone'], hasCodes: true }}
      />
    ),
    variant(
      'set-up-done-apps',
      <DonePage frame={person} view={{ returnTo: noReturn, app: null, factors: ['Passkey on Mac'], hasCodes: true }} />
    ),
    own('recovery-new', <NewRecoveryPage frame={person} returnTo={noReturn} />)
  ]
}

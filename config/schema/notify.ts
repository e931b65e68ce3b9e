/** The schema of `notify`: the mail server, the webhooks, and which operators are told. */
import { type NoticeGroup, noticeGroups } from '../../src/notify/notice-groups.ts'
import { choice, duration, flag, list, map, orNull, secret, secretFile, text } from './schema-builders.ts'

const ca = orNull(
  text('file', {
    title: 'Authorities',
    description:
      'PEM file with the authorities that the gate trusts for this server. Without it, the gate trusts those that Node.js knows.',
    example: 'mail-ca.pem'
  })
)

const mail = map(
  {
    server: text('mailServer', {
      title: 'Server',
      description:
        '`smtps://HOST` (port 465) is TLS from the first byte. `smtp://HOST` (port 587) begins in the clear, and the gate insists on STARTTLS before it sends anything.',
      example: 'smtps://mail.lab.example'
    }),
    user: orNull(
      secret('secret', {
        title: 'User',
        description: 'The user at the mail server. Left out: the gate does not sign in there.',
        example: 'gate'
      })
    ),
    userFile: secretFile('user', {
      title: 'User, from a file',
      description: 'A file that holds it.',
      example: 'mail-user'
    }),
    password: orNull(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
      secret('secret', { title: 'Password', description: 'The password of that user.', example: '${MAIL_PASSWORD}' })
    ),
    passwordFile: secretFile('password', {
      title: 'Password, from a file',
      description: 'A file that holds it.',
      example: 'mail-password'
    }),
    from: text('mailAddress', {
      title: 'From',
      description: 'The sender of the mails. Their name is `portal.title`.',
      example: 'gate@lab.example'
    }),
    replyTo: orNull(
      text('mailAddress', {
        title: 'Answers to',
        description: 'The address that an answer to such a mail goes to.',
        example: 'helpdesk@lab.example'
      })
    ),
    ca,
    unsafePlain: flag({
      title: 'Allow mail without TLS',
      description:
        'With `smtp://`, send also where the server offers no STARTTLS. Others on the network can then read the mails, the links in them, and the password.',
      default: false,
      example: true
    })
  },
  {
    title: 'Mail',
    description:
      'People with a mail address hear of changes of their account by mail, operators of what concerns them. With mail, people can also ask for a new password themselves.'
  }
)

const groups = Object.keys(noticeGroups) as NoticeGroup[]

const webhook = map(
  {
    url: secret('webhookUrl', {
      title: 'Address',
      description:
        'The gate posts JSON to this address, and follows no redirect. It must be https, except on this machine. Messages never show its path, which is often a secret.',
      example: 'https://chat.example/hook'
    }),
    secret: secret('secret', {
      title: 'Secret',
      description:
        'The gate signs each message with it as Standard Webhooks has it (`webhook-signature`). It is `whsec_` and base64, or any text of 24 characters or more.',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as the file writes it
      example: '${HOOK_SECRET}'
    }),
    secretFile: secretFile('secret', {
      title: 'Secret, from a file',
      description: 'A file that holds it.',
      example: 'hook-secret'
    }),
    events: list(
      choice(groups, { title: 'Group', description: 'A group of events.', example: 'factor' }),
      {
        title: 'Events',
        description: 'Of what the webhook hears.',
        default: groups,
        example: ['suspend', 'factor']
      },
      { minItems: 1 }
    ),
    ca
  },
  { title: 'Webhook', description: 'A server that hears of events.' }
)

export const notify = orNull(
  map(
    {
      mail: orNull(mail),
      webhooks: list(webhook, {
        title: 'Webhooks',
        description: 'Servers that hear of events, such as a chat.',
        default: []
      }),
      operators: list(
        text('mailAddress', { title: 'Address', description: 'A mail address.', example: 'security@lab.example' }),
        {
          title: 'Operators',
          description:
            'Where mails for operators go. Left out: to everybody in the group `operators` who has a mail address.',
          default: [],
          example: ['security@lab.example']
        }
      ),
      gather: duration(
        {
          title: 'Gather',
          description:
            'The least time between two mails to one person. The first goes out at once; what happens after it comes in one mail together. From the third mail within an hour on, it is an hour.',
          default: '10m',
          example: '1h'
        },
        60,
        86_400
      )
    },
    {
      title: 'Telling people',
      description:
        'Who is told what happens, and how. Messages wait in the store and are tried again for three days, so that a restart loses none.'
    }
  )
)

/** The schema of `listen.proxyProtocol`: balancers that pass TCP connections on and say whose they are. */
import { list, map, text } from './schema-builders.ts'

export const proxyProtocol = map(
  {
    from: list(
      text('network', { title: 'Balancer', description: 'An address or network.', example: '10.0.0.5' }),
      {
        title: 'From',
        description:
          'Addresses and networks of the balancers. Each connection from them must begin with a PROXY protocol header of version 1 or 2, otherwise the gate closes it. A header from any other address is never believed.',
        example: ['10.0.0.5']
      },
      { minItems: 1 }
    )
  },
  {
    title: 'PROXY protocol',
    description:
      'For balancers that pass on TCP connections (HAProxy in TCP mode, cloud network load balancers). The address in the header is the address of the client, on `listen.port` and on `listen.http`. It stands in place of the address of the connection also for `trustedProxies`: the gate believes `X-Forwarded-For` only if the address in the header is listed there.'
  }
)

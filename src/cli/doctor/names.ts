/** Probes whether each public host has an address of this machine or its proxy. */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Config } from '../../../config/schema.ts'
import type { DoctorFinding } from './finding.ts'

const timeoutMs = 4000

export async function lookUpHosts(
  { portal, apps, trustedProxies }: Pick<Config, 'portal' | 'apps' | 'trustedProxies'>,
  resolve: Resolve = resolveHost
): Promise<DoctorFinding[]> {
  const hosts = new Map<string, string>()
  for (const [path, { hostname }] of [
    ['portal.url', portal.url] as const,
    ...apps.map((app, index) => [`apps[${index}].url`, app.url] as const)
  ])
    if (!hosts.has(hostname)) hosts.set(hostname, path)
  const ours = ourAddresses(trustedProxies)
  const found = await Promise.all(
    [...hosts].map(([host, path]) => lookUp(host.replace(/[[\]]/g, ''), path, ours, resolve))
  )
  return found.flat()
}

/** Browsers take these names for their own machine (RFC 6761 §6.3; Secure Contexts §5.2). */
function isLocalhost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host)
}

async function lookUp(host: string, path: string, ours: BlockList, resolve: Resolve): Promise<DoctorFinding[]> {
  if (isLocalhost(host)) return []
  const answer = isIP(host) === 0 ? await resolve(host) : [host]
  if (typeof answer === 'string')
    return [
      {
        degree: 'problem',
        path,
        wrong:
          answer === 'ENOTFOUND'
            ? `the name server does not know ${host}, so nobody can open it`
            : `the name server does not answer about ${host} (${answer})`,
        mend:
          answer === 'ENOTFOUND'
            ? `Add an address of ${host} to the name server. It must lead to this machine, or to the proxy in front of it.`
            : 'Look at the name servers in /etc/resolv.conf, and whether this machine reaches them.'
      }
    ]
  const foreign = answer.filter(address => !ours.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
  if (foreign.length === 0) return []
  return [
    {
      degree: 'warning',
      path,
      wrong: `${host} leads to ${foreign.join(' and ')}, which is neither this machine nor in trustedProxies`,
      mend: 'If a router or a load balancer there passes connections to this machine, all is well. Otherwise correct the address at the name server.'
    }
  ]
}

/** Addresses, or the code of an error. */
type Resolve = (host: string) => Promise<readonly string[] | string>

const resolveHost: Resolve = async host => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>(resolve => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs / 1000} seconds`), timeoutMs)
  })
  try {
    const found = lookup(host, { all: true }).then(
      answers => answers.map(({ address }) => address),
      (error: NodeJS.ErrnoException) => error.code ?? error.message
    )
    return await Promise.race([found, late])
  } finally {
    clearTimeout(timer)
  }
}

function ourAddresses(trustedProxies: readonly string[]): BlockList {
  const list = new BlockList()
  const kind = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  list.addSubnet('127.0.0.0', 8, 'ipv4')
  list.addAddress('::1', 'ipv6')
  for (const { address } of Object.values(networkInterfaces()).flatMap(each => each ?? []))
    list.addAddress(address, kind(address))
  for (const network of trustedProxies) {
    const [address = '', length] = network.split('/')
    if (length === undefined) list.addAddress(address, kind(address))
    else list.addSubnet(address, Number(length), kind(address))
  }
  return list
}

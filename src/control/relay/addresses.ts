import { BlockList, isIP } from 'node:net'

/**
 * What an address is to a server that fetches for others: `public` machines, `private` ones of the owner's own networks
 * (this machine among them), and those nobody is ever fetched from.
 */
export type AddressKind = 'public' | 'private' | 'forbidden'

/** Classifies an address as a socket or a resolver gives it; what is none is forbidden. */
export function classifyAddress(text: string): AddressKind {
  const address = withoutZone(text)
  const family = isIP(address)
  if (family === 0) return 'forbidden'
  if (family === 4) return classify(address, 'ipv4')
  const embedded = embeddedIpv4(address)
  return embedded === undefined ? classify(address, 'ipv6') : classify(embedded, 'ipv4')
}

function classify(address: string, family: 'ipv4' | 'ipv6'): AddressKind {
  if (loopback.check(address, family)) return 'private'
  if (forbidden.check(address, family)) return 'forbidden'
  return privateNetworks.check(address, family) ? 'private' : 'public'
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

/** The IPv4 address in `::ffff:1.2.3.4`, however it is written. */
function embeddedIpv4(address: string): string | undefined {
  const [, high, low] = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(canonical(address)) ?? []
  if (high === undefined || low === undefined) return undefined
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [first >> 8, first & 255, second >> 8, second & 255].join('.')
}

/** URL writes every IPv6 address in its one shortest form. */
function canonical(address: string): string {
  return new URL(`http://[${address}]/`).hostname
}

/** Link-local and metadata services, addresses that are no machine's, and those that hide an IPv4 address. */
const forbidden = networks([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '192.88.99.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  'fe80::/10',
  'ff00::/8',
])

/** This machine; `::1` lies in a block that is forbidden otherwise. */
const loopback = networks(['127.0.0.0/8', '::1/128'])

const privateNetworks = networks([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  'fc00::/7',
  'fec0::/10',
])

function networks(list: readonly string[]): BlockList {
  const blocks = new BlockList()
  for (const network of list) {
    const [address = '', bits = ''] = network.split('/')
    blocks.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return blocks
}

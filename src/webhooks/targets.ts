import { BlockList, isIP } from 'node:net'

/** IPv4 networks that are not the public internet (IANA's registry of special-purpose addresses, and multicast). */
const FORBIDDEN_IPV4 = [
  ['0.0.0.0', 8], // "this network": 0.0.0.0 reaches the machine itself
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // shared by customers of a provider
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, and the metadata services of clouds
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // relays to 6to4
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
] as const

/**
 * All public IPv6 addresses lie in this network. Outside of it are ::, ::1, link-local, unique local, multicast, and the forms that
 * carry an IPv4 address: mapped (::ffff:0:0/96), compatible (::/96) and NAT64 (64:ff9b::/96, 64:ff9b:1::/48).
 */
const PUBLIC_IPV6 = ['2000::', 3] as const
const FORBIDDEN_IN_IPV6 = [
  ['2001::', 23], // Teredo among others, which carries an IPv4 address
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4, which carries an IPv4 address
  ['3fff::', 20],
] as const

// One list per family: a list with both compares IPv4 addresses with the IPv6 networks too, as mapped ones.
const forbiddenIpv4 = blockList('ipv4', FORBIDDEN_IPV4)
const publicIpv6 = blockList('ipv6', [PUBLIC_IPV6])
const forbiddenIpv6 = blockList('ipv6', FORBIDDEN_IN_IPV6)

function blockList(family: 'ipv4' | 'ipv6', networks: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, family)
  return list
}

/** Whether an IP address is one of the public internet. What is not an IP address, or has a zone (`fe80::1%eth0`), is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !forbiddenIpv4.check(address, 'ipv4')
  if (isIP(address) !== 6 || address.includes('%')) return false
  return publicIpv6.check(address, 'ipv6') && !forbiddenIpv6.check(address, 'ipv6')
}

/**
 * What can be said against a URL without asking a name server; `undefined` when nothing can. `new URL` has made the usual
 * four numbers of every other way to write an IPv4 address (2130706433, 0x7f.1, 0177.0.0.1, full-width digits).
 * @param allowPrivate WEBHOOKS_ALLOW_PRIVATE_TARGETS: plain HTTP and every address are fine
 */
export function refusalOfUrl(url: URL, allowPrivate: boolean): string | undefined {
  if (allowPrivate) return undefined
  if (url.protocol !== 'https:') return 'is not https'
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(literal) !== 0 && !isPublicAddress(literal) ? 'names an address that is not of the public internet' : undefined
}

// Addresses that are not the public Internet: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and what clouds add.
import { contains, type IpAddress, type IpRange, ipRange } from './ip-address.ts';

/** A range with the word a person knows it by. */
export interface NamedRange extends IpRange {
  readonly name: string;
}

const named = (name: string, ...blocks: readonly string[]): NamedRange[] =>
  blocks.map((block) => {
    const [address = '', prefix] = block.split('/');
    return { name, ...ipRange(address, Number(prefix)) };
  });

/** Reached by nobody unless an allow entry names them: whoever talks to them can obtain the credentials of the host. */
export const sealedRanges: readonly NamedRange[] = [
  ...named('link-local', '169.254.0.0/16', 'fe80::/10'),
  ...named(
    'cloud metadata',
    '169.254.169.254/32', // AWS, Google, Azure, OpenStack, Oracle, DigitalOcean, Hetzner
    '169.254.170.2/32', // AWS ECS task credentials
    '169.254.170.23/32', // AWS EKS pod identity
    '169.254.0.23/32', // Tencent
    '169.254.42.42/32', // Scaleway
    '168.63.129.16/32', // Azure host agent
    '192.0.0.192/32', // Oracle Classic
    '100.100.100.200/32', // Alibaba
    'fd00:ec2::254/128', // AWS
    'fd00:ec2::23/128', // AWS EKS pod identity
    'fd20:ce::254/128', // Google
    'fd00:42::42/128', // Scaleway
    'fe80::a9fe:a9fe/128', // OpenStack
  ),
];

/** What the API, the intake queue and redirects cannot reach unless an allow entry contains the address. */
export const nonPublicRanges: readonly NamedRange[] = [
  ...named('this network', '0.0.0.0/8', '::/128'),
  ...named('loopback', '127.0.0.0/8', '::1/128'),
  ...named('private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'),
  ...named('carrier-grade NAT', '100.64.0.0/10'),
  ...named('documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'),
  ...named('benchmarking', '198.18.0.0/15', '2001:2::/48'),
  ...named('multicast', '224.0.0.0/4', 'ff00::/8'),
  ...named('IPv4 inside IPv6', '::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48'),
  ...named('6to4', '192.88.99.0/24', '2002::/16'),
  ...named('Teredo', '2001::/32'),
  ...named('reserved', '192.0.0.0/24', '240.0.0.0/4', '2001::/23'),
  ...named('reserved', '::/3', '4000::/2', '8000::/1'), // IANA gives out global unicast addresses from 2000::/3 only
];

/** Forms of an IPv6 address that lead to the IPv4 address in it, and how many bits follow that address. */
const ipv4Carriers: readonly { readonly range: IpRange; readonly bitsBelow: bigint }[] = [
  { range: ipRange('::ffff:0:0', 96), bitsBelow: 0n }, // IPv4-mapped, RFC 4291 §2.5.5.2
  { range: ipRange('::', 96), bitsBelow: 0n }, // IPv4-compatible, RFC 4291 §2.5.5.1
  { range: ipRange('::ffff:0:0:0', 96), bitsBelow: 0n }, // IPv4-translated, RFC 7915
  { range: ipRange('64:ff9b::', 96), bitsBelow: 0n }, // NAT64, RFC 6052
  { range: ipRange('64:ff9b:1::', 48), bitsBelow: 0n }, // NAT64 of the site, RFC 8215
  { range: ipRange('2002::', 16), bitsBelow: 80n }, // 6to4, RFC 3056
];

/** The IPv4 address that a packet to `address` ends at; undefined when there is none in it. `::` and `::1` carry none. */
export function carriedIpv4(address: IpAddress): IpAddress | undefined {
  const carrier = ipv4Carriers.find(({ range }) => contains(range, address));
  if (carrier === undefined || address.value <= 1n) return undefined;
  return { family: 'ipv4', value: (address.value >> carrier.bitsBelow) & 0xffff_ffffn };
}

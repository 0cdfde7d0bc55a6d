import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';

type IpFamily = 'ipv4' | 'ipv6';

/** An IP address as a number, so that membership of a range is a comparison of leading bits. */
export interface IpAddress {
  readonly family: IpFamily;
  /** 32 or 128 bits, most significant first. */
  readonly value: bigint;
}

/** A CIDR block: all addresses that share the first `prefix` bits of `value`. */
export interface IpRange extends IpAddress {
  readonly prefix: number;
}

const addressBits = { ipv4: 32, ipv6: 128 } as const;

/** Undefined for anything but an address in the text forms of RFC 4291 §2.2 and dotted decimal; a zone (`%eth0`) is ignored. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 'ipv4', value: ipv4Value(text) };
  if (isIPv6(text)) return { family: 'ipv6', value: ipv6Value(text.replace(/%.*$/, '')) };
  return undefined;
}

/** `address` was validated by whoever made the block. */
export function ipRange(address: string, prefix: number): IpRange {
  const base = parseIpAddress(address);
  assert(base !== undefined && prefix >= 0 && prefix <= addressBits[base.family], `${address}/${prefix}`);
  return { ...base, prefix };
}

/** An IPv4 range never contains an IPv6 address or the other way round, not even an IPv4-mapped one. */
export function contains(range: IpRange, address: IpAddress): boolean {
  if (range.family !== address.family) return false;
  const hostBits = BigInt(addressBits[range.family] - range.prefix);
  return range.value >> hostBits === address.value >> hostBits;
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function ipv6Value(text: string): bigint {
  const [before = '', after] = text.split('::');
  const leading = ipv6Groups(before);
  const trailing = ipv6Groups(after ?? '');
  const zeros = new Array<bigint>(8 - leading.length - trailing.length).fill(0n);
  return [...leading, ...zeros, ...trailing].reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`; a dotted tail (`::ffff:192.0.2.1`) counts as two. */
function ipv6Groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}

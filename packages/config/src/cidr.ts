import { isIP } from 'node:net';

/** A block of addresses, as `net.BlockList.addSubnet` takes it. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8` or `fd00::/8`; a bare address is a block of one. Undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefixText, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const maxPrefix = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? maxPrefix : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= maxPrefix)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** A list of blocks, separated by commas or spaces. Undefined when one of them is wrong. */
export function parseCidrList(text: string): readonly Cidr[] | undefined {
  const blocks = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(parseCidr);
  return blocks.includes(undefined) ? undefined : (blocks as Cidr[]);
}

export const loopbackBlocks: readonly Cidr[] = [
  { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
  { address: '::1', prefix: 128, family: 'ipv6' },
];

import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseCidr, parseCidrList } from './cidr.ts';

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
    ['192.168.1.7', { address: '192.168.1.7', prefix: 32, family: 'ipv4' }],
    ['fd00::/8', { address: 'fd00::', prefix: 8, family: 'ipv6' }],
    ['::1', { address: '::1', prefix: 128, family: 'ipv6' }],
    ['10.0.0.0/33', undefined],
    ['10.0.0/8', undefined],
    ['10.0.0.0/', undefined],
    ['10.0.0.0/8/8', undefined],
    ['10.0.0.0/-1', undefined],
    ['fd00::/129', undefined],
    ['fe80::1%eth0', undefined],
    ['example.com', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseCidr(text)).toEqual(expected);
  });
});

describe('parseCidrList', () => {
  it('takes commas and spaces, and gives what BlockList takes', () => {
    const blocks = parseCidrList(' 10.0.0.0/8,fd00::/8 127.0.0.1 ')!;
    const list = new BlockList();
    for (const { address, prefix, family } of blocks) list.addSubnet(address, prefix, family);
    expect(list.check('10.1.2.3')).toBe(true);
    expect(list.check('127.0.0.2')).toBe(false);
    expect(list.check('fd12::1', 'ipv6')).toBe(true);
  });

  it('refuses the whole list for one mistake', () => {
    expect(parseCidrList('10.0.0.0/8,nonsense')).toBeUndefined();
    expect(parseCidrList('')).toEqual([]);
  });
});
